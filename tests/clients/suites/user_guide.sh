#!/usr/bin/env bash
# The curl commands of Keystone's user guide, as a reader pastes them: v2.0's service API, its admin
# API, and v3. Prints `ok WHAT` or `FAIL WHAT` for each.
# Needs PUBLIC and ADMIN (URLs of the listeners), OS_USERNAME, OS_PASSWORD, SCRATCH (a folder).
set -euo pipefail
cd "$SCRATCH"
failed=0

# check WHAT FILTER: the filter must be true of the JSON on the standard input.
check() {
    local body
    body=$(cat)
    if jq -e "$2" >/dev/null 2>&1 <<<"$body"; then
        echo "ok $1"
    else
        echo "FAIL $1"
        echo "$1: $2 is not true of $body" >&2
        failed=1
    fi
}

# status WHAT WANTED ARGUMENTS...: curl must see this status.
status() {
    local what=$1 wanted=$2 found
    shift 2
    found=$(curl -s -o /dev/null -w '%{http_code}' "$@")
    check "$what" ". == $wanted" <<<"$found"
}

json='Content-Type: application/json'
credentials=$(jq -n --arg u "$OS_USERNAME" --arg p "$OS_PASSWORD" '{username: $u, password: $p}')
login=$(jq -n --argjson c "$credentials" '{auth: {tenantName: "admin", passwordCredentials: $c}}')

# --- v2.0, service API

curl -s "$PUBLIC/" |
    check 'GET / lists both versions' '[.versions.values[].id] | index("v2.0") and index("v3.14")'
curl -s "$PUBLIC/v2.0/" |
    check 'GET /v2.0/' '.version.id == "v2.0" and (.version."media-types" | length) == 1'
curl -s "$PUBLIC/v2.0/extensions" |
    check 'GET /v2.0/extensions' '[.extensions.values[].alias] | index("OS-KSCRUD")'

curl -s -d "$(jq -n --argjson c "$credentials" '{auth: {passwordCredentials: $c}}')" \
    -H "$json" "$PUBLIC/v2.0/tokens" |
    check 'POST /v2.0/tokens without a tenant' \
        '.access | (.token | has("tenant") | not) and .serviceCatalog == []'
echo "$login" >post.json
TOKEN=$(curl -s -d @post.json -H "$json" "$PUBLIC/v2.0/tokens" | jq -r .access.token.id)
curl -s -d @post.json -H "$json" "$PUBLIC/v2.0/tokens" |
    check 'POST /v2.0/tokens with a tenant' \
        '.access | .token.tenant.name == "admin" and .user.roles[0].name != null
         and .serviceCatalog[0].endpoints[0].publicURL != null and .metadata.is_admin == 0
         and (.token.expires | test("^[0-9-]+T[0-9:]+Z$"))'
curl -s -H "X-Auth-Token: $TOKEN" "$PUBLIC/v2.0/tenants" |
    check 'GET /v2.0/tenants' '.tenants[0].name == "admin" and .tenants_links == []'

# --- v2.0, admin API

curl -s "$ADMIN/v2.0/" | check 'GET /v2.0/ of the admin API' '.version.id == "v2.0"'
curl -s -d @post.json -H "$json" "$ADMIN/v2.0/tokens" |
    check 'POST /v2.0/tokens of the admin API' '.access.token.tenant.name == "admin"'
curl -s "$ADMIN/v2.0/extensions" |
    check 'GET /v2.0/extensions of the admin API' '[.extensions.values[].alias] | index("OS-KSADM")'
curl -s "$ADMIN/v2.0/extensions/OS-KSADM" |
    check 'GET /v2.0/extensions/OS-KSADM' '.extension.alias == "OS-KSADM"'
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tokens/$TOKEN" |
    check 'GET /v2.0/tokens/{token_id}' '.access.token.id == "'"$TOKEN"'"'
curl -s -H "X-Auth-Token: $TOKEN" \
    "$ADMIN/v2.0/tokens/$TOKEN?belongsTo=$(curl -s -H "X-Auth-Token: $TOKEN" \
        "$PUBLIC/v2.0/tenants" | jq -r '.tenants[0].id')" |
    check 'GET /v2.0/tokens/{token_id}?belongsTo={tenant_id}' '.access.token.tenant.name == "admin"'
status 'HEAD /v2.0/tokens/{token_id}' 200 -I -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tokens/$TOKEN"
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tokens/$TOKEN/endpoints" |
    check 'GET /v2.0/tokens/{token_id}/endpoints' \
        '.endpoints[0].type == "identity" and .endpoints_links == []'
TENANT=$(curl -s -H "X-Auth-Token: $TOKEN" -H "$json" \
    -d '{"tenant": {"name": "customer-x", "description": "A customer", "enabled": true}}' \
    "$ADMIN/v2.0/tenants" | jq -r .tenant.id)
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tenants" |
    check 'GET /v2.0/tenants of the admin API' '[.tenants[].name] | index("customer-x")'
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tenants/$TENANT" |
    check 'GET /v2.0/tenants/{tenant_id}' '.tenant.description == "A customer"'
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tenants?name=customer-x" |
    check 'GET /v2.0/tenants?name=' '.tenant.id == "'"$TENANT"'"'
USER_ID=$(curl -s -H "X-Auth-Token: $TOKEN" -H "$json" \
    -d '{"user": {"name": "joe", "password": "joes-secret", "tenantId": "'"$TENANT"'"}}' \
    "$ADMIN/v2.0/users" | jq -r .user.id)
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/users/$USER_ID" |
    check 'GET /v2.0/users/{user_id}' '.user | .username == "joe" and .tenantId == "'"$TENANT"'"'
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tenants/$TENANT/users" |
    check 'GET /v2.0/tenants/{tenant_id}/users' '[.users[].name] == ["joe"]'
curl -s -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tenants/$TENANT/users/$USER_ID/roles" |
    check 'GET /v2.0/tenants/{tenant_id}/users/{user_id}/roles' '[.roles[].name] == ["_member_"]'
status 'GET /v2.0/users/{user_id}/roles is not implemented' 501 \
    -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/users/$USER_ID/roles"

JOE=$(curl -s -H "$json" "$PUBLIC/v2.0/tokens" -d '{"auth": {"tenantName": "customer-x",
    "passwordCredentials": {"username": "joe", "password": "joes-secret"}}}' |
    jq -r .access.token.id)
curl -s "$PUBLIC/v2.0/certificates/ca" >ca.pem
curl -s "$PUBLIC/v2.0/certificates/signing" >signing_cert.pem
cmp -s signing_cert.pem "$CERTIFICATES/signing_cert.pem" && cmp -s ca.pem "$CERTIFICATES/ca.pem" &&
    same=true || same=false
check 'GET /v2.0/certificates/{ca,signing}' . <<<"$same"
cms=(openssl cms -verify -certfile signing_cert.pem -CAfile ca.pem -inform PEM -nosmimecap -nodetach
    -nocerts -noattr)
{ echo '-----BEGIN CMS-----'; tr - / <<<"$JOE" | fold -w 64; echo '-----END CMS-----'; } >joe.pem
"${cms[@]}" -in joe.pem 2>/dev/null |
    check 'openssl verifies a PKI token' '[.. | .name? // empty] | index("joe")'
status 'a token validates' 200 -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tokens/$JOE"
status 'DELETE /v2.0/tokens/{token_id} as an administrator' 204 \
    -X DELETE -H "X-Auth-Token: $TOKEN" "$PUBLIC/v2.0/tokens/$JOE"
status 'the token is refused at once' 404 -H "X-Auth-Token: $TOKEN" "$ADMIN/v2.0/tokens/$JOE"
status 'and its bearer too' 401 -H "X-Auth-Token: $JOE" "$PUBLIC/v2.0/tenants"

curl -s -H "X-Auth-Token: $TOKEN" "$PUBLIC/v2.0/tokens/revoked" | jq -r .signed >revoked.pem
"${cms[@]}" -in revoked.pem 2>/dev/null |
    check 'the token stands in the signed revocation list' \
        "[.revoked[].id] | index(\"$(printf %s "$JOE" | md5sum | cut -d' ' -f1)\") != null"

# --- v3

v3_login=$(jq -n --argjson c "$credentials" '{auth: {identity: {methods: ["password"], password:
    {user: {name: $c.username, domain: {id: "default"}, password: $c.password}}}}}')
scoped=$(jq '.auth.scope = {project: {name: "admin", domain: {id: "default"}}}' <<<"$v3_login")
curl -s -H "$json" -d "$v3_login" "$PUBLIC/v3/auth/tokens" |
    check 'POST /v3/auth/tokens' '.token.methods == ["password"]'
OS_TOKEN=$(curl -si -H "$json" -d "$scoped" "$PUBLIC/v3/auth/tokens" |
    tr -d '\r' | awk -F': ' 'tolower($1) == "x-subject-token" {print $2}')
curl -s -H "X-Auth-Token: $OS_TOKEN" -H "X-Subject-Token: $OS_TOKEN" "$PUBLIC/v3/auth/tokens" |
    check 'GET /v3/auth/tokens' '.token.project.name == "admin"'
ADMIN_ID=$(curl -s -H "X-Auth-Token: $OS_TOKEN" "$PUBLIC/v3/users?name=$OS_USERNAME" | jq -r '.users[0].id')
ROLE=$(curl -s -H "X-Auth-Token: $OS_TOKEN" "$PUBLIC/v3/roles?name=admin" | jq -r '.roles[0].id')
status 'PUT /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}' 204 -X PUT \
    -H "X-Auth-Token: $OS_TOKEN" "$PUBLIC/v3/domains/default/users/$ADMIN_ID/roles/$ROLE"
in_domain=$(jq '.auth.scope = {domain: {id: "default"}}' <<<"$v3_login")
curl -s -H "$json" -d "$in_domain" "$PUBLIC/v3/auth/tokens" |
    check 'POST /v3/auth/tokens for a domain' '.token.domain.id == "default"'
curl -s -H "$json" -d '{"auth": {"identity": {"methods": ["token"], "token":
    {"id": "'"$OS_TOKEN"'"}}}}' "$PUBLIC/v3/auth/tokens" |
    check 'a token from a token' '.token.methods | index("token")'
for list in domains projects services endpoints users groups roles regions; do
    curl -s -H "X-Auth-Token: $OS_TOKEN" "$PUBLIC/v3/$list" |
        check "GET /v3/$list" ".$list | type == \"array\""
done
curl -s -H "X-Auth-Token: $OS_TOKEN" -H "$json" -d '{"domain": {"name": "newdomain"}}' \
    "$PUBLIC/v3/domains" | tee domain.json |
    check 'POST /v3/domains' '.domain.enabled == true'
DOMAIN=$(jq -r .domain.id domain.json)
curl -s -X PATCH -H "X-Auth-Token: $OS_TOKEN" -H "$json" -d '{"domain": {"enabled": false}}' \
    "$PUBLIC/v3/domains/$DOMAIN" | check 'PATCH /v3/domains/{domain_id}' '.domain.enabled == false'
status 'DELETE /v3/domains/{domain_id}' 204 \
    -X DELETE -H "X-Auth-Token: $OS_TOKEN" "$PUBLIC/v3/domains/$DOMAIN"
SERVICE=$(curl -s -H "X-Auth-Token: $OS_TOKEN" "$PUBLIC/v3/services" | jq -r '.services[0].id')
curl -s -X PATCH -H "X-Auth-Token: $OS_TOKEN" -H "$json" -d '{"service": {"description": "told"}}' \
    "$PUBLIC/v3/services/$SERVICE" |
    check 'PATCH /v3/services/{service_id}' '.service.description == "told"'
status 'POST /v3/users/{user_id}/password' 204 -H "$json" \
    -d '{"user": {"original_password": "joes-secret", "password": "another"}}' \
    "$PUBLIC/v3/users/$USER_ID/password"
curl -s -H "X-Auth-Token: $OS_TOKEN" "$ADMIN/v2.0/tokens/$OS_TOKEN" |
    check "a token of v3 validates in v2.0" '.access.token.tenant.name == "admin"'
status 'DELETE /v3/auth/tokens' 204 -X DELETE -H "X-Auth-Token: $TOKEN" \
    -H "X-Subject-Token: $OS_TOKEN" "$PUBLIC/v3/auth/tokens"
exit "$failed"
