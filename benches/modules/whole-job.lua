-- The whole job as the filter does it: what a client claims is removed in any spelling, the tenant comes from the host,
-- the overrides become one line, and the baggage keeps strangers' members behind ours.

local OURS = {["c-tenancy"] = true, ["x-override"] = true}
local OLDER = {["correlation-context"] = true, ["jaeger-baggage"] = true}
local OLDER_PREFIXES = {"ot-baggage-", "uberctx-"}
local KEY = "^[%w!#$%%&'*+%-.^_`|~]+$"

local function spelling(name)
  return (name:lower():gsub("[^%w]", "-"))
end

local function is_ours(name)
  local canonical = spelling(name)
  if OURS[canonical] or OLDER[canonical] then
    return true
  end
  for _, prefix in ipairs(OLDER_PREFIXES) do
    if canonical:sub(1, #prefix) == prefix then
      return spelling(canonical:sub(#prefix + 1)) == "tenant"
    end
  end
  return false
end

local function tenant_of(authority)
  local host = authority:lower():gsub(":%d*$", ""):gsub("%.$", "")
  local label = host:match("^([%w-]+)%.www%.carouselltenancy%.com$")
  if label and #label <= 63 and not label:find("^%-") and not label:find("%-$") then
    return label
  end
end

local function is_version(text)
  return #text <= 63 and text:find("^%w[%w._-]*$") and text:find("%w$")
end

local function override_line(lines)
  local seen, entries, size = {}, {}, 0
  for _, line in ipairs(lines) do
    for entry in line:gmatch("[^,]+") do
      local service, version = entry:match("^%s*([%w._-]+)%s*:%s*(.-)%s*$")
      if service and #service <= 253 and is_version(version) and not seen[service] then
        local added = #service + #version + 2
        if #entries < 64 and size + added - 1 <= 4096 then
          seen[service] = true
          size = size + added
          entries[#entries + 1] = service .. ":" .. version
        end
      end
    end
  end
  return #entries > 0 and table.concat(entries, ",") or nil
end

local function decoded(key)
  return (key:gsub("%%(%x%x)", function(byte) return string.char(tonumber(byte, 16)) end))
end

-- The line that leaves, or nil; and whether a member of ours came in.
local function baggage_line(tenant, lines)
  local members, size, found = {}, 0, false
  if tenant then
    members[1] = "tenant=" .. tenant
    size = #members[1]
  end
  for _, line in ipairs(lines) do
    for member in line:gmatch("[^,]+") do
      local trimmed = member:match("^%s*(.-)%s*$")
      local key = trimmed:match("^([^=;]-)%s*=")
      if key and key:find(KEY) then
        if spelling(decoded(key)) == "tenant" then
          found = true
        elseif #members < 64 and size + 1 + #trimmed <= 8192 then
          members[#members + 1] = trimmed
          size = size + 1 + #trimmed
        end
      end
    end
  end
  return #members > 0 and table.concat(members, ",") or nil, found
end

local function write(headers, name, lines, value)
  if #lines == 1 and lines[1] == value then
    return
  end
  if value then
    headers:replace(name, value)
  elseif #lines > 0 then
    headers:remove(name)
  end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local overrides, baggage, gone, authority = {}, {}, {}, ""
  for name, value in pairs(headers) do
    if name == ":authority" then
      authority = value
    elseif name == "x-override" then
      overrides[#overrides + 1] = value
    elseif name == "baggage" then
      baggage[#baggage + 1] = value
    elseif is_ours(name) then
      gone[#gone + 1] = name
    end
  end
  local tenant = tenant_of(authority)
  local line, found = baggage_line(tenant, baggage)
  for _, name in ipairs(gone) do
    headers:remove(name)
  end
  if tenant then
    headers:replace("c-tenancy", tenant)
  end
  write(headers, "x-override", overrides, override_line(overrides))
  if tenant or found then
    write(headers, "baggage", baggage, line)
  end
end
