# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of perfmon(1) in bash, with the package bash-completion or without. What is offered is what perfmon
# itself says: its subcommands and the usage of each by help, the events by list --names.
#
# The functions share variables of _perfmon: what is typed (words, starts, current, fixed), and what the subcommand
# takes (values: of each option, empty where it has none; operands).

# The words up to the cursor, and where in COMP_WORDS each starts: bash cuts them at colons and equal signs,
# which events and options have inside.
_perfmon_join() {
	local i word
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i > 0)) && [[ $word == [:=]* || -n $word && ${words[-1]} == *[:=] ]]; then
			words[-1]+=$word
		else
			words+=("$word")
			starts+=("$i")
		fi
	done
	current=${words[-1]}
	# What comes before the part that readline replaces.
	fixed=${current%"${COMP_WORDS[COMP_CWORD]##[:=]}"}
}

# _perfmon_offer WORD...: those that begin with what is typed, in any case.
_perfmon_offer() {
	local word
	for word; do
		[[ ${word^^} != "${current^^}"* ]] || COMPREPLY+=("${word#"$fixed"}")
	done
}

_perfmon_subcommands() {
	local line
	while IFS= read -r line; do
		[[ ! $line =~ ^'  '([a-z]+)' ' ]] || _perfmon_offer "${BASH_REMATCH[1]}"
	done < <("$perfmon" help 2>/dev/null)
}

# _perfmon_take_usage TEXT: as "[-r RUNS] [--json | --csv] [--events p6|p5] [--] COMMAND".
_perfmon_take_usage() {
	local token option=
	local -a tokens
	read -ra tokens <<<"${1//$'\n'/ }"
	for token in "${tokens[@]}"; do
		case $token in
		'[--]' | '[OPTION...]') ;;
		'|') option= ;;
		-* | '[-'*)
			option=${token#'['}
			values[${option%']'}]=
			[[ $token != *']' ]] || option=
			;;
		*)
			token=${token#'['}
			if [ -n "$option" ]; then
				values[$option]=${token%']'}
			else
				operands+=("${token%']'}")
			fi
			option=
			;;
		esac
	done
}

# What the subcommand takes: by its usage, up to the line that does not go on with it, and by the lines of options.
_perfmon_ask() {
	local line text usage
	text=$("$perfmon" help "$1" 2>/dev/null) || return
	usage=${text%%$'\n'[! ]*}
	_perfmon_take_usage "${usage#"usage: perfmon $1"}"
	while IFS= read -r line; do
		[[ ! $line =~ ^'  '(-[A-Za-z-]+)(' '([A-Z][A-Za-z.]*|[a-z0-9|]+'|'[a-z0-9]+))? ]] ||
			: "${values[${BASH_REMATCH[1]}]:=${BASH_REMATCH[3]}}"
	done <<<"$text"
	values[--help]=
}

# _perfmon_names BEFORE TYPED: the events, each behind BEFORE.
_perfmon_names() {
	local -a names
	mapfile -t names < <("$perfmon" list --names 2>/dev/null)
	_perfmon_offer "${names[@]/#/"$1"}"
	# The short names too, where something is typed that tells them from the long ones.
	[ -n "$2" ] || return
	names=("${names[@]#PMC?_}")
	_perfmon_offer "${names[@]/#/"$1"}"
}

# The last one of a list, or what may stand behind it.
_perfmon_events() {
	local event=${current##*,}
	compopt -o nospace 2>/dev/null
	if [[ $event == *:* ]]; then
		_perfmon_offer "${current%"${event##*:}"}"{u,k,e,i,c=,m=}
	else
		_perfmon_names "${current%"$event"}" "$event"
	fi
}

_perfmon_commands() {
	local -a names
	if [[ $current == */* ]]; then
		compopt -o default 2>/dev/null
	else
		mapfile -t names < <(compgen -c -- "$current")
		_perfmon_offer "${names[@]}"
	fi
}

# _perfmon_value WHAT: as the usage calls it.
_perfmon_value() {
	local -a words
	case $1 in
	EVENT*) _perfmon_events ;;
	COMMAND | CLIENT) _perfmon_commands ;;
	FILE* | OUT*) compopt -o default 2>/dev/null ;;
	COUNTER) _perfmon_offer 0 1 ;;
	PATTERN) _perfmon_names "" "$current" ;;
	*'|'*)
		IFS='|' read -ra words <<<"$1"
		_perfmon_offer "${words[@]}"
		;;
	esac
}

# _perfmon_program INDEX: the arguments of the program that begins there, by its own completion where there is
# bash-completion.
_perfmon_program() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	else
		compopt -o default 2>/dev/null
	fi
}

# _perfmon_operand INDEX: the last one may stand for several.
_perfmon_operand() {
	local index=$1 count=${#operands[@]}
	if ((index < count)); then
		_perfmon_value "${operands[index]}"
	elif ((count > 0)) && [[ ${operands[count - 1]} == *... ]]; then
		_perfmon_value "${operands[count - 1]}"
	fi
	# Nothing else can be meant than an option.
	((${#operands[@]} > index)) || [[ $current != '' ]] || _perfmon_offer "${!values[@]}"
}

_perfmon_arguments() {
	local i word operand=0 ended=no last=$((${#words[@]} - 1))
	for ((i = 2; i < last; i++)); do
		word=${words[i]}
		if [ "$ended" = no ] && [[ $word == -* ]]; then
			[ "$word" != -- ] || ended=yes
			[ -n "${values[$word]-}" ] || continue
			# Its value.
			i=$((i + 1))
			if ((i == last)); then
				_perfmon_value "${values[$word]}"
				return
			fi
		elif [[ ${operands[0]-} == @(COMMAND|CLIENT) ]]; then
			_perfmon_program "${starts[i]}"
			return
		else
			operand=$((operand + 1))
		fi
	done
	if [ "$ended" = no ] && [[ $current == --*=* ]]; then
		word=${current%%=*}
		current=${current#*=}
		fixed=${fixed#"$word="}
		_perfmon_value "${values[$word]-}"
	elif [ "$ended" = no ] && [[ $current == -* ]]; then
		_perfmon_offer "${!values[@]}"
	else
		_perfmon_operand "$operand"
	fi
}

_perfmon() {
	local perfmon=${1/#'~/'/"$HOME/"} current fixed
	local -a words=() starts=() operands=()
	local -A values=()
	COMPREPLY=()
	_perfmon_join
	if [ ${#words[@]} -eq 2 ]; then
		_perfmon_subcommands
		_perfmon_offer help --help --version
	elif [ "${words[1]}" = help ]; then
		[ ${#words[@]} -gt 3 ] || _perfmon_subcommands
	else
		_perfmon_ask "${words[1]}" && _perfmon_arguments
	fi
}

complete -F _perfmon perfmon
