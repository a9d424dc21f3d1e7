#!/usr/bin/env bash
# Clippy in the place of rustc, for the crates of this workspace: it reads and judges, and writes no code.
#
# CLIPPY_ARGS=-Dwarnings RUSTC_WORKSPACE_WRAPPER=local/clippy.sh cargo build --workspace --all-targets
#
# `cargo clippy` is a `cargo check`, which reads all dependencies once more, because it wants nothing but their metadata.
# `cargo build` finds those that are compiled. Of what it asks for here, code is left out.
set -euo pipefail

arguments=() name="" kind="" suffix="" folder=""
while (($#)); do
	case $1 in
	--crate-name) name=$2 ;;
	--crate-type) kind=$2 ;;
	--out-dir) folder=$2 ;;
	extra-filename=*) suffix=${1#*=} ;;
	--extern)
		# The archive may be one of those below, which are empty.
		metadata=${2%.rlib}.rmeta
		if [[ $2 == *.rlib && -e ${metadata#*=} ]]; then
			arguments+=("$1" "$metadata")
			shift 2
			continue
		fi
		;;
	esac
	arguments+=("$1")
	shift
done
# What runs while others are compiled is compiled.
if [[ -z $folder || $name == build_script_* || $kind == proc-macro ]]; then
	exec clippy-driver "${arguments[@]}"
fi
clippy-driver "${arguments[@]/#--emit=*/--emit=dep-info,metadata}"
# Cargo reads once more what left no file. That of a program would take the place of the real one, in target/debug.
case $kind in
*lib) : >"$folder/lib$name$suffix.rlib" ;;
bin) ;;
*) : >"$folder/$name$suffix" ;;
esac
