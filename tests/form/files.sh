# The files of the tree, by the pattern given: from git where it is a clone,
# else all but what is built.
tree_files()
{
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@"
        return
    fi
    for pattern in "$@"; do
        find . -path ./build -prune -o -type f -name "$pattern" -print
    done
}
