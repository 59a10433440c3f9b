# bash completion for tenon(1).  The command itself knows what fits.
_tenon() {
	local IFS=$'\n'
	COMPREPLY=($(tenon __complete "${COMP_WORDS[@]:1:COMP_CWORD}" \
	    2>/dev/null))
}
complete -o default -F _tenon tenon
