-- LuaJIT compiles what follows and then leaves its code at every call of Envoy's: without it, the same costs less.
jit.off()

