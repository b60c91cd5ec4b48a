#compdef perfmon
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of perfmon(1) in zsh: share/zsh/site-functions/_perfmon. What is offered is what perfmon itself says:
# its subcommands and the usage of each by help, the events by list --names.

# perfmon as it was typed, which may begin with a tilde.
_perfmon_call() {
	${~_perfmon_path} "$@" 2>/dev/null
}

_perfmon_subcommands() {
	local line
	local -a found
	for line in ${(f)"$(_perfmon_call help)"}; do
		[[ $line =~ '^  ([a-z]+) +(.*)$' ]] && found+=("$match[1]:$match[2]")
	done
	_describe -t commands 'subcommand' found "$@"
}

# What may stand behind an event's name.
_perfmon_modifiers() {
	local -a modifiers=('u:count in user mode' 'k:count in the kernel' 'e:count edges' 'i:inverted'
		'c=:counter mask' 'm=:unit mask')
	_describe -t modifiers 'modifier' modifiers -S ''
}

# In any case, by the long names, and by the short ones where something is typed that tells them apart.
_perfmon_names() {
	local -a names=(${(f)"$(_perfmon_call list --names)"})
	[[ -z $PREFIX ]] || names+=(${names#PMC?_})
	_wanted events expl 'event' compadd -M 'm:{a-z}={A-Z}' "$@" -a names
}

# A list of events.
_perfmon_events() {
	compset -P '*,'
	if compset -P '*:'; then
		_perfmon_modifiers
	else
		_perfmon_names -S ''
	fi
}

# zsh has commands that begin with a hyphen, which are no programs.
_perfmon_commands() {
	[[ $PREFIX == -* ]] || _command_names -e
}

# _perfmon_action WHAT: how _arguments completes what the usage calls so.
_perfmon_action() {
	case $1 in
	EVENT*) REPLY=_perfmon_events ;;
	FILE.*|OUT.*) REPLY="_files -g \"*.${1#*.}\"" ;;
	FILE*) REPLY=_files ;;
	COUNTER) REPLY='(0 1)' ;;
	PATTERN) REPLY=_perfmon_names ;;
	COMMAND|CLIENT) REPLY=_perfmon_commands ;;
	*'|'*) REPLY="(${1//|/ })" ;;
	*) REPLY=' ' ;;
	esac
}

# What the usage's words make of options, which have their values, and operands.
_perfmon_take_usage() {
	local token option=
	for token in ${=1}; do
		case $token in
		'[--]'|'[OPTION...]') ;;
		'|') option= ;;
		-*|'[-'*)
			option=${token#\[}
			values[${option%\]}]=
			[[ $token != *\] ]] || option=
			;;
		*)
			token=${token#\[}
			if [[ -n $option ]]; then
				values[$option]=${token%\]}
			else
				operands+=(${token%\]})
			fi
			option=
			;;
		esac
	done
}

# What the subcommand takes: by its usage, up to the line that does not go on with it, and by the lines of options.
_perfmon_ask() {
	local line text usage
	text=$(_perfmon_call help $1) || return
	usage=${text%%$'\n'[^ ]*}
	_perfmon_take_usage ${usage#"usage: perfmon $1"}
	for line in ${(f)text}; do
		[[ $line =~ '^  (-[A-Za-z-]+)( ([A-Z][A-Za-z.]*|[a-z0-9|]+\|[a-z0-9]+))? +(.*)$' ]] || continue
		values[$match[1]]=${values[$match[1]]:-$match[3]}
		remarks[$match[1]]=$match[4]
	done
	values[--help]=
	remarks[--help]='prints its usage and options'
}

_perfmon_arguments() {
	local option spec REPLY
	local -A values remarks
	local -a operands specs
	integer i
	_perfmon_ask $1 || return
	for option in ${(k)values}; do
		spec="[${${remarks[$option]//\[/\\[}//\]/\\]}]"
		if [[ -n $values[$option] ]]; then
			_perfmon_action $values[$option]
			# A long one takes its value behind an equal sign too.
			[[ $option != --* ]] || spec="=$spec"
			spec+=":${values[$option]%%\[*}:$REPLY"
		fi
		specs+=("$option$spec")
	done
	for ((i = 1; i <= $#operands; i++)); do
		_perfmon_action $operands[i]
		case $operands[i] in
		COMMAND|CLIENT)
			specs+=("(-)$i:$operands[i]:$REPLY" "*::argument:_normal")
			break
			;;
		*...) specs+=("*:$operands[i]:$REPLY") ;;
		*) specs+=("$i:$operands[i]:$REPLY") ;;
		esac
	done
	_arguments -S : $specs
}

_perfmon() {
	local _perfmon_path=$words[1] curcontext=$curcontext
	if ((CURRENT == 2)); then
		_perfmon_subcommands
		compadd -- help --help --version
	elif [[ $words[2] == help ]]; then
		((CURRENT > 3)) || _perfmon_subcommands
	else
		curcontext="${curcontext%:*:*}:perfmon-$words[2]:"
		shift words
		((CURRENT--))
		_perfmon_arguments $words[1]
	fi
}

_perfmon "$@"
