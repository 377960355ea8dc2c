package crds

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const httpRoutes = "integration/istio/routes/http-routes.yaml"

// What `tenancy routes` writes, in every kind.
func TestWrittenRoutesAreValidAndTheServerAddsNothing(t *testing.T) {
	crds := loaded(t)
	for path, least := range map[string]int{
		httpRoutes: 200, "integration/istio/routes/manifests/routes.yaml": 40,
		"integration/istio/routes/manifests/subsets.yaml": 2, "integration/istio/routes/match-tree.yaml": 2,
	} {
		resources := read(t, path)
		if len(resources) < least {
			t.Errorf("%s: %d resources", path, len(resources))
		}
		for _, resource := range resources {
			if err := crds.Check(resource); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			kind, known := crds[resource["apiVersion"].(string)+" "+resource["kind"].(string)]
			if !known {
				t.Fatalf("%s: no CRD for %v", path, resource["kind"])
			}
			stored := runtime.DeepCopyJSON(resource)
			defaulting.Default(stored, kind.schema)
			if !reflect.DeepEqual(stored, resource) {
				t.Errorf("%s: stored as %v, not %v", path, stored, resource)
			}
		}
	}
}

func TestMistakesInHTTPRoutesAreFound(t *testing.T) {
	rules := func(count int) []any {
		var rules []any
		for range count {
			rules = append(rules, map[string]any{"matches": []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}}})
		}
		return rules
	}
	path := func(value string) []any {
		return []any{map[string]any{"matches": []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": value}}}}}
	}
	for _, mistake := range []struct {
		field []string
		value any
		said  string
	}{
		{[]string{"spec", "rules"}, rules(17), "must have at most 16 items"},
		{[]string{"spec", "rules"}, path("cart"), "start with '/' when type"},
		{[]string{"spec", "rules"}, path("/a//b"), "must not contain '//'"},
		{[]string{"spec", "hostnames"}, []any{"WWW"}, "spec.hostnames[0]"},
		{[]string{"spec", "hosts"}, []any{}, "spec.hosts: unknown field"},
	} {
		resource := read(t, httpRoutes)[0]
		if err := unstructured.SetNestedField(resource, mistake.value, mistake.field...); err != nil {
			t.Fatal(err)
		}
		if err := loaded(t).Check(resource); err == nil || !strings.Contains(err.Error(), mistake.said) {
			t.Errorf("%v: said %v, not %q", mistake.field, err, mistake.said)
		}
	}
}
