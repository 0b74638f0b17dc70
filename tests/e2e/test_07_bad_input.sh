#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input gets upstream's code and reason and a message that names the field, and nothing is written.
. "$(dirname "$0")/cluster.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# ask METHOD PATH CODE REASON TEXT [curl arguments]
ask() {
    local method=$1 path=$2 code=$3 reason=$4 text=$5 answer
    shift 5
    answer=$(curl -sS -A e2e --max-time 20 --cacert "$run/pki/ca.crt" --cert "$run/pki/admin.crt" --key "$run/pki/admin.key" -H "Content-Type: ${content_type:-application/json}" -X "$method" \
        -w '\n%{http_code}' "$@" "https://127.0.0.1:$CUBE_API_PORT$path")
    equal "$code" "${answer##*$'\n'}" "$method $path: $answer"
    [ -z "$reason" ] || contains "$answer" "\"reason\":\"$reason\""
    contains "$answer" "$text"
}
maps=/api/v1/namespaces/default/configmaps
pods=/api/v1/namespaces/default/pods
# what earlier scenarios deleted must be gone before "nothing is written" can be seen
nothing_ends() { [ -z "$(kube get pods -o 'jsonpath={.items[*].metadata.deletionTimestamp}')" ] && ready_replicas web 3; }
eventually 60 nothing_ends
before=$(kube get configmaps,pods -o name)
ask POST $maps 400 BadRequest 'invalid character' -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":x}}'
ask POST $maps 400 BadRequest '' -d '{"kind":"ConfigMap","apiVersion":"v1",'
ask POST $maps 400 BadRequest 'Kindly' -d '{"kind":"Kindly","apiVersion":"v1","metadata":{"name":"x"}}'
ask POST $pods 400 BadRequest 'containers' -d '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"spec":{"containers":"none"}}'
ask POST $pods 422 Invalid 'spec.containers' -d '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"spec":{}}'
ask POST $pods 422 Invalid 'spec.containers[0].image' -d '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"spec":{"containers":[{"name":"a"}]}}'
ask POST $maps 422 Invalid 'metadata.name' -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"Not_A_Name"}}'
ask POST /api/v1/namespaces/missing/configmaps 404 NotFound 'namespaces \"missing\" not found' -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"}}'
head -c 4000000 /dev/zero | tr '\0' 'a' > "$work/large"
ask POST $maps 413 RequestEntityTooLarge 'limit' --data-binary "@$work/large"
ask GET /api/v1/nothings 404 '' 'not'
content_type=text/plain ask POST $maps 415 UnsupportedMediaType '' -d 'x'
kube create configmap versions --from-literal=a=1
ask PUT $maps/versions 409 Conflict 'the object has been modified' -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"versions","resourceVersion":"1"}}'
ask POST $maps 409 AlreadyExists 'configmaps \"versions\" already exists' -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"versions"}}'
# Revisions that are gone: compacted in etcd, and older than what the restarted apiserver's cache begins with
revision=$(curl -sS -X POST -d '{"key":"AA==","limit":"1"}' "http://127.0.0.1:$CUBE_ETCD_PORT/v3/kv/range" | grep -oE '"revision":"[0-9]+"' | sed -n 1p | tr -dc 0-9)
curl -sS --fail -X POST -d "{\"revision\":\"$revision\"}" "http://127.0.0.1:$CUBE_ETCD_PORT/v3/kv/compaction" > /dev/null
ask GET "$maps?resourceVersion=1&resourceVersionMatch=Exact" 410 Expired 'is too old'
kill_component kube-apiserver
eventually 20 kube get --raw /readyz
ask GET "$maps?watch=true&resourceVersion=1&timeoutSeconds=2" 200 Expired '{"type":"ERROR"'
kube delete configmap versions
equal "$before" "$(kube get configmaps,pods -o name)" "something was written"
equal 401 "$(curl -sk -o /dev/null -w '%{http_code}' "https://127.0.0.1:$CUBE_API_PORT/api/v1/pods")"
# Credentials: none, of another CA with the same name, and for the kubelet also those of a good one
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/ca.key" -subj /CN=cube-ca -days 2 -out "$work/ca.crt" 2> /dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/false.key" -subj /O=system:masters/CN=kubernetes-admin -out "$work/false.csr" 2> /dev/null
openssl x509 -req -in "$work/false.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/false.crt" 2> /dev/null
code() { curl -sk -o /dev/null -w '%{http_code}' "$@" || true; }
node_code() { nsenter "--net=/run/netns/cube$CUBE_NETWORK-node-1" curl -sk -o /dev/null -w '%{http_code}' "$@" || true; }
false_one=(--cert "$work/false.crt" --key "$work/false.key")
# 000: the handshake was refused
refused() { case $1 in 401 | 000) ;; *) fail "$2 was answered with $1" ;; esac; }
refused "$(code "${false_one[@]}" "https://127.0.0.1:$CUBE_API_PORT/api/v1/pods")" "a certificate of another CA"
equal 401 "$(node_code "https://127.0.0.1:${CUBE_KUBELET_PORT:-10250}/pods")"
refused "$(node_code "${false_one[@]}" "https://127.0.0.1:${CUBE_KUBELET_PORT:-10250}/pods")" "a certificate of another CA at the kubelet"
equal 200 "$(node_code --cert "$run/pki/apiserver-kubelet-client.crt" --key "$run/pki/apiserver-kubelet-client.key" "https://127.0.0.1:${CUBE_KUBELET_PORT:-10250}/pods")"

printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n bad: indent\n' > "$work/broken.yaml"
message=$(kube apply -f "$work/broken.yaml" 2>&1) && fail "broken YAML was accepted"
contains "$message" "broken.yaml"
contains "$message" "line "
message=$(kube get nonsense 2>&1) && fail "an unknown resource was accepted"
contains "$message" "the server doesn't have a resource type \"nonsense\""
