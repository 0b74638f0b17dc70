#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# etcd is gone for 20 seconds: requests fail with a clear Status, nothing acknowledged is lost, all recovers by itself.
. "$(dirname "$0")/cluster.sh"
acknowledged=()
write() { kube create configmap "$1" --from-literal=n="$1" > /dev/null 2>&1; }
for i in 1 2 3 4 5; do write "kept-$i" && acknowledged+=("kept-$i"); done
trap 'quickstart start etcd' EXIT
quickstart stop etcd
note "etcd is stopped"
ends=$(($(date +%s) + 20))
refused=0
while [ "$(date +%s)" -lt "$ends" ]; do
    body=$(curl -sS -A e2e --max-time 15 --cacert "$run/pki/ca.crt" --cert "$run/pki/admin.crt" --key "$run/pki/admin.key" -X POST -H 'Content-Type: application/json' \
        -w '\n%{http_code}' -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"generateName":"lost-"}}' "https://127.0.0.1:$CUBE_API_PORT/api/v1/namespaces/default/configmaps") || continue
    case ${body##*$'\n'} in
    503 | 504) refused=$((refused + 1)); contains "$body" '"kind":"Status"' ;;
    *) fail "a write without etcd was answered with: $body" ;;
    esac
    sleep 1
done
[ "$refused" -ge 2 ] || fail "only $refused writes were refused"
equal 500 "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$run/pki/ca.crt" --cert "$run/pki/admin.crt" --key "$run/pki/admin.key" "https://127.0.0.1:$CUBE_API_PORT/readyz")"
quickstart start etcd
note "etcd is back, $refused writes were refused"
eventually 30 kube get --raw /readyz
eventually 30 write after
for name in "${acknowledged[@]}" after; do equal "$name" "$(path configmap "$name" '{.data.n}')"; done
equal "" "$(kube get configmaps -o name | grep lost- || true)" "a refused write was stored"
eventually 30 ready_replicas web 3
replicaset back 1
kube delete replicaset/back
kube delete configmap "${acknowledged[@]}" after
