package crds

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const root = "../../.."

var load = sync.OnceValues(Load)

func loaded(t *testing.T) CRDs {
	t.Helper()
	crds, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return crds
}

func read(t *testing.T, path string) []Resource {
	t.Helper()
	resources, err := Read(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return resources
}

// isResource says whether a document is one that the API server here knows. The rules of Prometheus are held by
// integration/tests/envoy/monitoring.rs.
func isResource(document Resource) bool {
	apiVersion, _ := document["apiVersion"].(string)
	return (document["apiVersion"] != nil || document["kind"] != nil) && !strings.HasPrefix(apiVersion, "kustomize.config.k8s.io/") &&
		!strings.HasPrefix(apiVersion, "monitoring.coreos.com/")
}

func TestManifestsAreValid(t *testing.T) {
	crds := loaded(t)
	checked := map[string]int{}
	for _, folder := range []string{"wasm-plugin/manifests", "envoyfilter", "integration/envoy-gateway", "integration/istio", "integration/seeds"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".yaml" {
				return err
			}
			resources, err := Read(path)
			if err != nil {
				t.Error(err)
			}
			for _, resource := range resources {
				if !isResource(resource) {
					continue
				}
				checked[folder]++
				if err := crds.Check(resource); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
			return nil
		})
		// Not every folder is there from the start.
		if err != nil && (folder == "wasm-plugin/manifests" || folder == "envoyfilter") {
			t.Error(err)
		}
	}
	t.Log(checked)
	if checked["wasm-plugin/manifests"] < 6 || checked["envoyfilter"] < 4 {
		t.Errorf("too few resources: %v", checked)
	}
}

func TestMistakesAreFound(t *testing.T) {
	plugin, extension, filter, policies := "wasm-plugin/manifests/gateway/plugins.yaml",
		"wasm-plugin/manifests/traffic-extension/gateway/extensions.yaml", "envoyfilter/gateway.yaml",
		"wasm-plugin/manifests/envoy-gateway/policies.yaml"
	for _, mistake := range []struct {
		file   string
		change map[string]any
		said   string
	}{
		{plugin, map[string]any{"spec.phase": "AUTHENTICATION"}, `spec.phase: Unsupported value: "AUTHENTICATION"`},
		{plugin, map[string]any{"spec.failStrategy": "FAIL_CLOSED"}, `spec.failStrategy: Unsupported value: "FAIL_CLOSED"`},
		{plugin, map[string]any{"spec.failurePolicy": "FAIL_CLOSE"}, "spec.failurePolicy: unknown field"},
		{plugin, map[string]any{"spec.priority": "1000"}, "spec.priority"},
		{plugin, map[string]any{"spec.match": []any{map[string]any{"mode": "BOTH"}}}, `spec.match[0].mode: Unsupported value: "BOTH"`},
		{plugin, map[string]any{"spec.match": []any{map[string]any{"ports": []any{map[string]any{"number": int64(80)}, map[string]any{"number": int64(80)}}}}}, "Duplicate value"},
		{plugin, map[string]any{"spec.sha256": "sha256:00"}, "spec.sha256"},
		{plugin, map[string]any{"spec.url": nil}, "spec.url: Required value"},
		{plugin, map[string]any{"spec.url": "ftp://example.com/a.wasm"}, "url must have schema one of"},
		{plugin, map[string]any{"spec.targetRefs": []any{map[string]any{"kind": "Gateway", "name": "a"}}}, "only one of targetRefs or selector"},
		{plugin, map[string]any{"spec.selector.matchLabels": map[string]any{"istio": "*"}}, "wildcard not allowed"},
		{plugin, map[string]any{"metadata.lables": map[string]any{}}, "lables: unknown field"},
		{plugin, map[string]any{"apiVersion": "extensions.istio.io/v1"}, "no CRD"},
		{plugin, map[string]any{"kind": "WasmPlugins"}, "no CRD"},
		{extension, map[string]any{"spec.phase": "UNSPECIFIED_PHASE"}, `spec.phase: Unsupported value: "UNSPECIFIED_PHASE"`},
		{extension, map[string]any{"spec.wasm.failStrategy": "OPEN"}, `spec.wasm.failStrategy: Unsupported value: "OPEN"`},
		{extension, map[string]any{"spec.failStrategy": "FAIL_CLOSE"}, "spec.failStrategy: unknown field"},
		{extension, map[string]any{"spec.wasm": nil}, "exactly one of wasm or lua must be set"},
		{extension, map[string]any{"spec.lua": map[string]any{"inlineCode": "x"}}, "exactly one of wasm or lua must be set"},
		{filter, map[string]any{"spec.configPatches": []any{map[string]any{"applyTo": "HTTP_FILTERS"}}}, `Unsupported value: "HTTP_FILTERS"`},
		{filter, map[string]any{"spec.configPatches": []any{map[string]any{"patch": map[string]any{"operation": "INSERT"}}}}, `Unsupported value: "INSERT"`},
		{filter, map[string]any{"spec.configPatches": []any{map[string]any{"math": map[string]any{}}}}, "spec.configPatches[0].math: unknown field"},
		{filter, map[string]any{"spec.targetRefs": []any{map[string]any{"kind": "Gateway", "name": "a"}}}, "only one of targetRefs or workloadSelector"},
		{policies, map[string]any{"spec.headers.earlyRequestHeaders.remove": []any{"a", "a"}}, "Duplicate value"},
		{policies, map[string]any{"spec.headers.earlyRequestHeader": map[string]any{}}, "spec.headers.earlyRequestHeader: unknown field"},
		{policies, map[string]any{"spec.targetRefs": []any{map[string]any{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "a"}}}, "targetRefs"},
	} {
		resource := read(t, mistake.file)[0]
		for path, value := range mistake.change {
			fields := strings.Split(path, ".")
			if value == nil {
				unstructured.RemoveNestedField(resource, fields...)
			} else if err := unstructured.SetNestedField(resource, value, fields...); err != nil {
				t.Fatal(err)
			}
		}
		err := loaded(t).Check(resource)
		if err == nil || !strings.Contains(err.Error(), mistake.said) {
			t.Errorf("%v: said %v, not %q", mistake.change, err, mistake.said)
		}
	}
}

func TestKeysStandOnce(t *testing.T) {
	if _, err := parse([]byte("spec:\n  phase: AUTHN\n  phase: AUTHZ\n")); err == nil {
		t.Error("two phases")
	}
}
