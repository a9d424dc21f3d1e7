#!/bin/sh
# Puts this environment into a control group with its function's memory and share of a CPU, then becomes the function.
# Lambda gives 1 vCPU per 1,769 MB; unlike here, its INIT phase has about 2 vCPU whatever the memory.
memory_mb=$AWS_LAMBDA_FUNCTION_MEMORY_SIZE
memory_bytes=$((memory_mb * 1048576))
quota_us=$((memory_mb * 100000 / 1769))
case $LOCAL_CGROUP in
v1)
    mkdir -p "$LOCAL_CGROUP_MEMORY/$$" "$LOCAL_CGROUP_CPU/$$"
    echo "$memory_bytes" >"$LOCAL_CGROUP_MEMORY/$$/memory.limit_in_bytes"
    echo 100000 >"$LOCAL_CGROUP_CPU/$$/cpu.cfs_period_us"
    echo "$quota_us" >"$LOCAL_CGROUP_CPU/$$/cpu.cfs_quota_us"
    echo $$ >"$LOCAL_CGROUP_MEMORY/$$/cgroup.procs"
    echo $$ >"$LOCAL_CGROUP_CPU/$$/cgroup.procs"
    ;;
v2)
    mkdir -p "$LOCAL_CGROUP_MEMORY/$$"
    echo "$memory_bytes" >"$LOCAL_CGROUP_MEMORY/$$/memory.max"
    echo "$quota_us 100000" >"$LOCAL_CGROUP_CPU/$$/cpu.max"
    echo $$ >"$LOCAL_CGROUP_MEMORY/$$/cgroup.procs"
    ;;
esac
exec "$LAMBDA_TASK_ROOT/function"
