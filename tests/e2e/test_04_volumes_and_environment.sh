#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Init containers, two containers that share volumes, configuration from ConfigMaps and Secrets.
. "$(dirname "$0")/cluster.sh"
kube create configmap settings --from-literal=colour=blue
kube create secret generic keys --from-literal=password=swordfish
pod shared <<'EOF'
  restartPolicy: Never
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: settings, configMap: {name: settings}}
  - {name: keys, secret: {secretName: keys, defaultMode: 0400}}
  initContainers:
  - {name: first, image: "cube.local/tools:1", command: [/bin/busybox, sh, -c, "echo from-init > /scratch/file"], volumeMounts: [{name: scratch, mountPath: /scratch}]}
  containers:
  - name: writer
    image: cube.local/tools:1
    env:
    - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
    - {name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: BOTH, value: "$(COLOUR)-$(WHO)"}
    command: [/bin/busybox, sh, -c]
    args: ["cat /scratch/file; echo $BOTH $PASSWORD; cat /settings/colour /keys/password; echo; touch /scratch/done"]
    volumeMounts: [{name: scratch, mountPath: /scratch}, {name: settings, mountPath: /settings}, {name: keys, mountPath: /keys, readOnly: true}]
  - name: reader
    image: cube.local/tools:1
    command: [/bin/busybox, sh, -c, "until [ -e /scratch/done ]; do sleep 0.1; done; echo seen"]
    volumeMounts: [{name: scratch, mountPath: /scratch}]
EOF
eventually 40 path_is pod shared '{.status.phase}' Succeeded
equal "from-init
blue-shared swordfish
blueswordfish" "$(kube logs shared -c writer)"
equal seen "$(kube logs shared -c reader)"
kube delete pod/shared configmap/settings secret/keys
