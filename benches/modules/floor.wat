;; The floor: the header map read once, in one callback. Whoever looks at all headers pays this.
(module
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "proxy_abi_version_0_2_1"))
  ;; The host writes the map at 4096; each request writes over the last.
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 4096)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $pairs (i32.const 0) (i32.const 16) (i32.const 20)))
    i32.const 0))
