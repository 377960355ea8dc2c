-- The tenant from the host and nothing else, as a gateway's Lua usually has it.
function envoy_on_request(handle)
  local headers = handle:headers()
  local tenant = headers:get(":authority"):match("^([^.]+)%.www%.carouselltenancy%.com$")
  if tenant then
    headers:replace("c-tenancy", tenant)
  end
end
