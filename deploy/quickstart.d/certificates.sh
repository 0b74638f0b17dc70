# SPDX-License-Identifier: Apache-2.0
# A CA, a certificate for each who needs one, and the kubeconfigs. What exists is kept; what says that something exists is written last.
# shellcheck shell=bash disable=SC2154

# certificate NAME SUBJECT USAGES [SANS]
certificate() {
    local name=$1 subject=$2 usages=$3 sans=${4:-}
    [ -f "$run/pki/$name.crt" ] && return 0
    openssl ecparam -genkey -name prime256v1 -noout -out "$run/pki/$name.key" 2>/dev/null
    chmod 600 "$run/pki/$name.key"
    {
        printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=%s\n' "$usages"
        [ -z "$sans" ] || printf 'subjectAltName=%s\n' "$sans"
    } > "$run/pki/$name.ext"
    openssl req -new -key "$run/pki/$name.key" -subj "$subject" -out "$run/pki/$name.csr" 2>/dev/null
    openssl x509 -req -in "$run/pki/$name.csr" -CA "$run/pki/ca.crt" -CAkey "$run/pki/ca.key" -CAcreateserial -days 365 -sha256 \
        -extfile "$run/pki/$name.ext" -out "$run/pki/$name.crt.new" 2>/dev/null
    mv "$run/pki/$name.crt.new" "$run/pki/$name.crt"
    rm -f "$run/pki/$name.csr" "$run/pki/$name.ext"
}

# kubeconfig FILE USER CERTIFICATE-NAME SERVER
kubeconfig() {
    [ -f "$1" ] && return 0
    (
        umask 077
        write_once "$1" <<EOF
apiVersion: v1
kind: Config
clusters:
- name: cube
  cluster:
    server: $4
    certificate-authority-data: $(base64 -w0 < "$run/pki/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w0 < "$run/pki/$3.crt")
    client-key-data: $(base64 -w0 < "$run/pki/$3.key")
contexts:
- name: $2@cube
  context: {cluster: cube, user: $2}
current-context: $2@cube
EOF
    )
}

certificates_make() {
    local i name address
    [ -f "$run/admin.kubeconfig" ] || step "making certificates"
    mkdir -p "$run/pki"
    chmod 700 "$run/pki"
    if [ ! -f "$run/pki/ca.crt" ]; then
        openssl ecparam -genkey -name prime256v1 -noout -out "$run/pki/ca.key" 2>/dev/null
        chmod 600 "$run/pki/ca.key"
        openssl req -x509 -new -key "$run/pki/ca.key" -subj /CN=cube-ca -days 3650 -sha256 -out "$run/pki/ca.crt.new" \
            -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
        mv "$run/pki/ca.crt.new" "$run/pki/ca.crt"
    fi
    if [ ! -f "$run/pki/service-account.pub" ]; then
        openssl ecparam -genkey -name prime256v1 -noout -out "$run/pki/service-account.key" 2>/dev/null
        chmod 600 "$run/pki/service-account.key"
        openssl ec -in "$run/pki/service-account.key" -pubout -out "$run/pki/service-account.pub.new" 2>/dev/null
        mv "$run/pki/service-account.pub.new" "$run/pki/service-account.pub"
    fi
    certificate apiserver /CN=kube-apiserver serverAuth \
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,DNS:$(hostname | tr 'A-Z' 'a-z'),IP:127.0.0.1,IP:10.96.0.1,IP:$(host_address)"
    certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
    certificate admin /O=system:masters/CN=kubernetes-admin clientAuth
    certificate controller-manager /CN=system:kube-controller-manager clientAuth
    certificate scheduler /CN=system:kube-scheduler clientAuth
    kubeconfig "$run/admin.kubeconfig" kubernetes-admin admin "https://127.0.0.1:$api_port"
    # for who called sudo, too
    [ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID" "$run/admin.kubeconfig"
    kubeconfig "$run/controller-manager.kubeconfig" system:kube-controller-manager controller-manager "https://127.0.0.1:$api_port"
    kubeconfig "$run/scheduler.kubeconfig" system:kube-scheduler scheduler "https://127.0.0.1:$api_port"
    for ((i = 1; i <= node_count; i++)); do
        name=$(node_name "$i")
        address=$(node_address "$i")
        certificate "$name" "/O=system:nodes/CN=system:node:$name" clientAuth,serverAuth "DNS:$name,IP:$address,IP:127.0.0.1"
        mkdir -p "$run/$name"
        kubeconfig "$run/$name/kubeconfig" "system:node:$name" "$name" "https://$(node_gateway):$api_port"
    done
}
