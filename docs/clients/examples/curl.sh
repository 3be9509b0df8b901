url=${SLUICE_URL:-http://127.0.0.1:4000/graphql}

started=$(curl -s "$url" -H 'content-type: application/json' --data @- <<'JSON'
{ "query": "mutation { startIngestion(input: { mappingId: \"crm-profiles\" }) { ... on IngestionSubmitted { request { requestId } } ... on IngestionAlreadyInProgress { request { requestId } } ... on StartIngestionFailure { message } } }" }
JSON
)
echo "$started"
id=$(echo "$started" | sed -n 's/.*"requestId":"\([^"]*\)".*/\1/p')

curl -sN "$url/stream" -H 'accept: text/event-stream' -H 'content-type: application/json' --data @- <<JSON
{ "query": "subscription { ingestionStatusChanged(mappingId: \"crm-profiles\", requestId: \"$id\") { to cursor } }" }
JSON
