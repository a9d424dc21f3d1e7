#!/usr/bin/env bash
# Requests made from the API's own document, right ones and wrong ones: none may end in a 5xx, and every answer must be
# one that the document has. EXAMPLES=500 tries more of each operation.
set -euo pipefail
cd "$(dirname "$0")/../.."
# By address: not every resolver knows that names below `localhost` are this machine.
id=${API_URL#*//}
url="$AWS_ENDPOINT_URL/_aws/execute-api/${id%%.*}/\$default"
.venv/bin/st run api/openapi.json --url "$url" --header "Authorization: Bearer $API_TOKEN" \
    --max-examples "${EXAMPLES:-20}" --seed 1 --phases examples,coverage,fuzzing --mode all --no-color \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --exclude-path "/page/{name}" --exclude-path "/"
