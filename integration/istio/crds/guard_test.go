package crds

import (
	"context"
	"path/filepath"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/google/cel-go/cel"
)

const guard = "wasm-plugin/manifests/envoy-gateway/guard.yaml"

// A ValidatingAdmissionPolicy, evaluated by the API server's own code.
type policy struct {
	spec      admissionregistrationv1.ValidatingAdmissionPolicySpec
	evaluator plugincel.ConditionEvaluator
}

// An expression of a policy: a condition, or a variable with a name.
type expression struct {
	name, text string
	types      []*cel.Type
}

func (e expression) GetName() string          { return e.name }
func (e expression) GetExpression() string    { return e.text }
func (e expression) ReturnTypes() []*cel.Type { return e.types }

func compilePolicy(t *testing.T, resource Resource) policy {
	t.Helper()
	var whole admissionregistrationv1.ValidatingAdmissionPolicy
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(resource, &whole, true); err != nil {
		t.Fatal(err)
	}
	// The oldest release in which the kind is stable.
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(version.MajorMinor(1, 30), true))
	if err != nil {
		t.Fatal(err)
	}
	options := plugincel.OptionalVariableDeclarations{StrictCost: true}
	for _, variable := range whole.Spec.Variables {
		result := compiler.CompileAndStoreVariable(expression{variable.Name, variable.Expression, []*cel.Type{cel.AnyType, cel.DynType}}, options, environment.NewExpressions)
		if result.Error != nil {
			t.Fatalf("%s: %v", variable.Name, result.Error)
		}
	}
	var conditions []plugincel.ExpressionAccessor
	for _, validation := range whole.Spec.Validations {
		conditions = append(conditions, expression{"", validation.Expression, []*cel.Type{cel.BoolType}})
	}
	evaluator := compiler.CompileCondition(conditions, options, environment.NewExpressions)
	if errors := evaluator.CompilationErrors(); len(errors) > 0 {
		t.Fatal(errors)
	}
	return policy{whole.Spec, evaluator}
}

// refusals are the messages with which it refuses a resource.
func (p policy) refusals(t *testing.T, resource Resource) []string {
	t.Helper()
	object := &unstructured.Unstructured{Object: resource}
	attributes := &admission.VersionedAttributes{
		Attributes:      admission.NewAttributesRecord(object, nil, object.GroupVersionKind(), object.GetNamespace(), object.GetName(), object.GroupVersionKind().GroupVersion().WithResource("envoyextensionpolicies"), "", admission.Create, nil, false, nil),
		VersionedObject: object,
		VersionedKind:   object.GroupVersionKind(),
	}
	results, _, err := p.evaluator.ForInput(context.Background(), attributes, &admissionv1.AdmissionRequest{}, plugincel.OptionalVariableBindings{}, nil, celconfig.RuntimeCELCostBudget)
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for i, result := range results {
		if result.Error != nil {
			t.Fatal(result.Error)
		}
		if result.EvalResult.Value() != true {
			messages = append(messages, p.spec.Validations[i].Message)
		}
	}
	return messages
}

func TestTheGuardRefusesWhatSwitchesTheEdgeOff(t *testing.T) {
	documents := read(t, guard)
	policy := compilePolicy(t, documents[0])
	without, plugin := policy.spec.Validations[0].Message, policy.spec.Validations[1].Message
	target := func(kind string) map[string]any {
		return map[string]any{"group": "gateway.networking.k8s.io", "kind": kind, "name": "a"}
	}
	list := func(entries ...any) []any { return entries }
	merge, wasm, lua := "StrategicMerge", list(map[string]any{}), list(map[string]any{"type": "Inline"})
	for name, row := range map[string]struct {
		spec    map[string]any
		refused []string
	}{
		"a route":                           {map[string]any{"targetRefs": list(target("HTTPRoute")), "lua": lua}, []string{without}},
		"a route, the old field":            {map[string]any{"targetRef": target("GRPCRoute")}, []string{without}},
		"routes by label":                   {map[string]any{"targetSelectors": list(map[string]any{"kind": "HTTPRoute"})}, []string{without}},
		"a gateway and a route":             {map[string]any{"targetRefs": list(target("Gateway"), target("HTTPRoute"))}, []string{without}},
		"listeners of a team":               {map[string]any{"targetRefs": list(target("ListenerSet"))}, []string{without}},
		"a route, merged":                   {map[string]any{"targetRefs": list(target("HTTPRoute")), "mergeType": merge, "lua": lua}, nil},
		"a route, merged, with its plugins": {map[string]any{"targetRefs": list(target("HTTPRoute")), "mergeType": merge, "wasm": wasm}, []string{plugin}},
		"a route with its plugins":          {map[string]any{"targetRefs": list(target("HTTPRoute")), "wasm": wasm}, []string{without}},
		"a gateway of its own":              {map[string]any{"targetRefs": list(target("Gateway")), "wasm": wasm}, nil},
	} {
		resource := Resource{"apiVersion": "gateway.envoyproxy.io/v1alpha1", "kind": "EnvoyExtensionPolicy", "metadata": map[string]any{"name": "n", "namespace": "team"}, "spec": row.spec}
		got := policy.refusals(t, resource)
		if len(got) != len(row.refused) || len(got) == 1 && got[0] != row.refused[0] {
			t.Errorf("%s: refused with %q, not %q", name, got, row.refused)
		}
	}
}

// The policies that the scenario shows: it refuses those that the filter does not survive there.
func TestTheGuardRefusesTheTeamsOfTheScenario(t *testing.T) {
	policy, refused := compilePolicy(t, read(t, guard)[0]), map[string]bool{}
	for _, resource := range read(t, "integration/envoy-gateway/manifests/team.yaml") {
		if resource["kind"] == "EnvoyExtensionPolicy" {
			name, _, _ := unstructured.NestedString(resource, "metadata", "name")
			refused[name] = len(policy.refusals(t, resource)) > 0
		}
	}
	if len(refused) != 3 || !refused["alone"] || refused["merged"] || !refused["plugin"] {
		t.Errorf("refused: %v", refused)
	}
}

// The binding names the policy, and leaves out the namespace of the gateway alone.
func TestTheGuardHoldsEverywhereButBesideTheGateway(t *testing.T) {
	documents := read(t, guard)
	var binding admissionregistrationv1.ValidatingAdmissionPolicyBinding
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(documents[1], &binding, true); err != nil {
		t.Fatal(err)
	}
	name, _, _ := unstructured.NestedString(documents[0], "metadata", "name")
	if binding.Spec.PolicyName != name {
		t.Errorf("bound: %q, not %q", binding.Spec.PolicyName, name)
	}
	var namespace string
	for _, resource := range render(t, filepath.Join(root, "wasm-plugin/manifests/envoy-gateway")) {
		namespace, _, _ = unstructured.NestedString(resource, "metadata", "namespace")
	}
	free := binding.Spec.MatchResources.NamespaceSelector.MatchExpressions
	if len(free) != 1 || free[0].Operator != "NotIn" || len(free[0].Values) != 1 || free[0].Values[0] != namespace {
		t.Errorf("free: %v, the gateway is in %q", free, namespace)
	}
}
