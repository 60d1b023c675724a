# What strangers may do to the socket: tests/stories/hostile_story.py.
if(NOT COMMAND story)
  return()
endif()

story(hostile server 300 /usr/bin/python3 ${stories}/hostile_story.py ${programs})
