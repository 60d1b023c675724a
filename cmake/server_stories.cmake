# What the server does, told with real programs: tests/stories/*_story.py, each
# a list of sentences.  One sentence alone: start_story.py BIN "part of it".
if(NOT COMMAND story)
  return()
endif()

foreach(name start replica policy read content disk doctor clock pause)
  # Debian's interpreter: the Python example needs its python3-zmq and python3-msgpack.
  story(${name} server 600 /usr/bin/python3 ${stories}/${name}_story.py ${programs})
endforeach()
