// Package crds says of a resource what a Kubernetes API server with the CRDs of Istio, of Envoy Gateway and of the Gateway
// API would say of it.
package crds

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	// The module that carries the CRDs; without an import it would not be in go.mod.
	_ "istio.io/api/label"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Resource is one document of a manifest.
type Resource = map[string]any

// CRDs are those of one release of each.
type CRDs map[string]kind

type kind struct {
	schema *schema.Structural
	fields validation.SchemaValidator
	rules  *cel.Validator
}

// Load reads the CRDs out of the module istio.io/api, in the version that go.mod names, and out of Envoy Gateway's.
func Load() (CRDs, error) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/api").Output()
	if err != nil {
		return nil, fmt.Errorf("go list istio.io/api: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(folder)), "kubernetes", "customresourcedefinitions.gen.yaml")
	documents, err := Read(path)
	if err != nil {
		return nil, err
	}
	others, err := envoyGatewayDocuments()
	if err != nil {
		return nil, err
	}
	crds := CRDs{}
	for _, document := range append(documents, others...) {
		if document["kind"] != "CustomResourceDefinition" {
			continue
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(document, &crd); err != nil {
			return nil, err
		}
		for _, version := range crd.Spec.Versions {
			name := crd.Spec.Group + "/" + version.Name + " " + crd.Spec.Names.Kind
			if crds[name], err = compile(version.Schema.OpenAPIV3Schema); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return crds, nil
}

func compile(schemaV1 *apiextensionsv1.JSONSchemaProps) (kind, error) {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schemaV1, &internal, nil); err != nil {
		return kind{}, err
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return kind{}, err
	}
	fields, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return kind{}, err
	}
	return kind{structural, fields, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// Check returns all that is wrong with a resource; nil also for kinds of Kubernetes itself, which has no CRDs for them.
func (crds CRDs) Check(resource Resource) error {
	apiVersion, _ := resource["apiVersion"].(string)
	kindName, _ := resource["kind"].(string)
	kind, known := crds[apiVersion+" "+kindName]
	if !known {
		group, _, _ := strings.Cut(apiVersion, "/")
		if apiVersion != "" && kindName != "" && (!strings.Contains(group, ".") || group == "admissionregistration.k8s.io") {
			return nil
		}
		return fmt.Errorf("no CRD for apiVersion %q, kind %q", apiVersion, kindName)
	}
	// Defaults and pruning change what they are given.
	resource = runtime.DeepCopyJSON(resource)
	defaulting.Default(resource, kind.schema)

	var wrong []error
	for _, err := range validation.ValidateCustomResource(nil, resource, kind.fields) {
		wrong = append(wrong, err)
	}
	for _, err := range listtype.ValidateListSetsAndMaps(nil, kind.schema, resource) {
		wrong = append(wrong, err)
	}
	broken, _ := kind.rules.Validate(context.Background(), nil, kind.schema, resource, nil, celconfig.RuntimeCELCostBudget)
	for _, err := range broken {
		wrong = append(wrong, err)
	}
	_, _, unknown, err := objectmeta.GetObjectMetaWithOptions(resource, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		wrong = append(wrong, err)
	}
	// The API server drops unknown fields, and with them what they were meant to say.
	options := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	for _, path := range append(unknown, pruning.PruneWithOptions(resource, kind.schema, true, options)...) {
		wrong = append(wrong, fmt.Errorf("%s: unknown field", path))
	}
	return errors.Join(wrong...)
}

// Read returns the documents of a YAML file; a key that stands twice is an error.
func Read(path string) ([]Resource, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	resources, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return resources, nil
}

func parse(text []byte) ([]Resource, error) {
	var resources []Resource
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return resources, nil
		}
		if err != nil {
			return nil, err
		}
		json, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, err
		}
		var resource Resource
		// Integers stay integers, as in the API server.
		if err := utiljson.Unmarshal(json, &resource); err != nil {
			return nil, err
		}
		if resource != nil {
			resources = append(resources, resource)
		}
	}
}
