#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pods that cannot run say why, in upstream's words.
. "$(dirname "$0")/cluster.sh"
waiting() { path pod "$1" '{.status.containerStatuses[0].state.waiting.reason}'; }

pod no-image <<'EOF'
  containers: [{name: main, image: "cube.local/no-such-image:9"}]
EOF
pod no-command <<'EOF'
  restartPolicy: Never
  containers: [{name: main, image: "cube.local/demo:1", command: ["/no/such/command"]}]
EOF
pod init-fails <<'EOF'
  initContainers: [{name: prepare, image: "cube.local/tools:1", command: ["/bin/busybox", "sh", "-c", "echo no luck; exit 3"]}]
  containers: [{name: main, image: "cube.local/demo:1"}]
EOF
pod too-hungry <<'EOF'
  restartPolicy: Never
  containers:
  - name: main
    image: cube.local/tools:1
    command: ["/bin/busybox", "sh", "-c", "x=a; while true; do x=$x$x; done"]
    resources: {limits: {memory: 16Mi}}
EOF
pod too-big <<'EOF'
  containers: [{name: main, image: "cube.local/demo:1", resources: {requests: {cpu: "4000"}}}]
EOF
pod nowhere <<'EOF'
  nodeSelector: {disk: tape}
  containers: [{name: main, image: "cube.local/demo:1"}]
EOF

pull_fails() { case $(waiting no-image) in ErrImagePull | ImagePullBackOff) ;; *) return 1 ;; esac; }
eventually 30 pull_fails
eventually 30 has_event no-image Failed
eventually 40 path_is pod no-image '{.status.containerStatuses[0].state.waiting.reason}' ImagePullBackOff

eventually 30 path_is pod no-command '{.status.containerStatuses[0].state.terminated.reason}' StartError
equal 128 "$(path pod no-command '{.status.containerStatuses[0].state.terminated.exitCode}')"
contains "$(path pod no-command '{.status.containerStatuses[0].state.terminated.message}')" "no such file or directory"

eventually 30 path_is pod init-fails '{.status.initContainerStatuses[0].lastState.terminated.exitCode}' 3
equal PodInitializing "$(waiting init-fails)"
contains "$(kube logs init-fails -c prepare)" "no luck"

eventually 40 path_is pod too-hungry '{.status.containerStatuses[0].state.terminated.reason}' OOMKilled
equal 137 "$(path pod too-hungry '{.status.containerStatuses[0].state.terminated.exitCode}')"

eventually 10 has_event too-big FailedScheduling
contains "$(path pod too-big '{.status.conditions[?(@.type=="PodScheduled")].message}')" "0/2 nodes are available: 2 Insufficient cpu."
contains "$(path pod nowhere '{.status.conditions[?(@.type=="PodScheduled")].message}')" \
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
kube delete pod no-image no-command init-fails too-hungry too-big nowhere
