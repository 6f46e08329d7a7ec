# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced with $work set: starts and stops a dockerd whose every file is below $work. It wants a
# mount namespace of its own.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export DOCKER_HOST="unix://${work:?}/docker.sock"
export DOCKER_CONFIG="$work/docker-config"
# The cgroups get a name of their own, so that they can be found and removed.
engine_cgroup=chat-ci

# start_engine OPTION...
start_engine() {
    local line log
    exec {log}< <(exec dockerd --host "$DOCKER_HOST" \
        --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/dockerd.pid" --cgroup-parent "/$engine_cgroup" "$@" 2>&1)
    engine_pid=$!
    while read -r -t 60 -u "$log" line; do
        echo "$line" >>"$work/dockerd.log"
        if [[ $line == *'API listen on'* ]]; then
            cat <&"$log" >>"$work/dockerd.log" &
            exec {log}<&-
            return
        fi
    done
    echo 'dockerd did not start. The end of its log:' >&2
    tail -n 20 "$work/dockerd.log" >&2
    return 1
}

stop_engine() {
    kill -TERM "$engine_pid"
    wait "$engine_pid" || true
}

# For whoever made the namespaces, once they and so all processes of the engine are gone.
remove_engine_cgroups() {
    find /sys/fs/cgroup -depth -type d -path "*/$engine_cgroup*" -exec rmdir {} + || true
}
