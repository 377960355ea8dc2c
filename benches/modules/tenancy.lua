-- What both whole jobs in Lua share: the tenant comes from the host without its port and in lower case, the overrides
-- become one line, and the baggage keeps third-party members behind ours.

local KEY = "^[%w!#$%%&'*+%-.^_`|~]+$"

local function tenant_of(authority)
  local label = authority:lower():match("^([%w-]+)%.www%.carouselltenancy%.com%.?:?%d*$")
  if label and #label <= 63 and not label:find("^%-") and not label:find("%-$") then
    return label
  end
end

local function is_version(text)
  return #text <= 63 and text:find("^%w[%w._-]*$") and text:find("%w$")
end

local function override_line(line)
  local seen, entries, size = {}, {}, -1
  for entry in line:gmatch("[^,]+") do
    local service, version = entry:match("^%s*([%w._-]+)%s*:%s*(.-)%s*$")
    if service and #service <= 253 and is_version(version) and not seen[service] then
      local added = #service + #version + 2
      if #entries < 64 and size + added <= 4096 then
        seen[service] = true
        size = size + added
        entries[#entries + 1] = service .. ":" .. version
      end
    end
  end
  return #entries > 0 and table.concat(entries, ",") or nil
end

local function is_tenant(key)
  if key:find("[^%l]") then
    key = key:gsub("%%(%x%x)", function(byte) return string.char(tonumber(byte, 16)) end):lower()
  end
  return key == "tenant"
end

-- The line that leaves, or nil; and whether a member of ours came in.
local function baggage_line(tenant, line)
  local members, size, found = {}, -1, false
  if tenant then
    members[1] = "tenant=" .. tenant
    size = #members[1]
  end
  for member in line:gmatch("%s*([^,]+)") do
    local key = member:match("^([^=;]-)%s*=")
    if key and key:find(KEY) then
      member = member:match("^(.-)%s*$")
      if is_tenant(key) then
        found = true
      elseif #members < 64 and size + 1 + #member <= 8192 then
        members[#members + 1] = member
        size = size + 1 + #member
      end
    end
  end
  return #members > 0 and table.concat(members, ",") or nil, found
end

local function write(headers, name, value)
  if value then
    headers:replace(name, value)
  else
    headers:remove(name)
  end
end

local function decide(headers, tenant, overrides, baggage)
  if tenant then
    headers:replace("c-tenancy", tenant)
  end
  if overrides then
    write(headers, "x-override", override_line(overrides))
  end
  if tenant or baggage then
    local line, found = baggage_line(tenant, baggage or "")
    if tenant or found then
      write(headers, "baggage", line)
    end
  end
end
