# bash completion for helioctl; the words come from helioctl itself.
_helioctl() {
    local words=("${COMP_WORDS[@]:1:COMP_CWORD}") arguments=() socket=() word i
    # "--flag=value" is three words for bash where "=" breaks words: join them again.
    local joined=()
    for ((i = 0; i < ${#words[@]}; i++)); do
        if [[ ${words[i]} == "=" && ${#joined[@]} -gt 0 ]]; then
            joined[-1]+="=${words[i + 1]-}"
            ((i++))
        else
            joined+=("${words[i]}")
        fi
    done
    for ((i = 0; i < ${#joined[@]}; i++)); do
        word=${joined[i]}
        arguments+=("--word=$word")
        [[ $word == --socket=?* ]] && socket=("$word")
        [[ $word == --socket && -n ${joined[i + 1]-} ]] && socket=("--socket=${joined[i + 1]}")
    done
    local last=${joined[-1]-} line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ $last == *=* ]] && line=${line#*=}
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]}" "${socket[@]}" __complete "${arguments[@]}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *, ]] && compopt -o nospace
    return 0
}
complete -o default -F _helioctl helioctl
