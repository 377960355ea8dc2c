package crds

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// yamlBlocks are those of all Markdown files, by file.
func yamlBlocks(t *testing.T) map[string][]string {
	t.Helper()
	blocks := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "target" || strings.HasPrefix(name, ".") && path != root) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, block := range strings.Split("\n"+string(text), "\n```yaml\n")[1:] {
			block, _, _ = strings.Cut(block, "\n```")
			blocks[path] = append(blocks[path], block)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestResourcesInMarkdownAreValid(t *testing.T) {
	crds, resources := loaded(t), 0
	for path, blocks := range yamlBlocks(t) {
		for _, block := range blocks {
			documents, err := parse([]byte(block))
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			for _, document := range documents {
				if !isResource(document) {
					continue
				}
				resources++
				if err := crds.Check(document); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
	}
	if resources < 2 {
		t.Errorf("%d resources", resources)
	}
}

// The canary's overlay, where its page says it lies.
func TestTheCanaryIsTheGatewayElsewhere(t *testing.T) {
	manifests := filepath.Join(t.TempDir(), "manifests")
	if err := os.CopyFS(manifests, os.DirFS(filepath.Join(root, "wasm-plugin/manifests"))); err != nil {
		t.Fatal(err)
	}
	overlays := 0
	for _, block := range yamlBlocks(t)[filepath.Join(root, "wasm-plugin/manifests/README.md")] {
		var overlay struct{ Kind string }
		if err := yaml.Unmarshal([]byte(block), &overlay); err != nil {
			t.Fatal(err)
		}
		if overlay.Kind != "Kustomization" {
			continue
		}
		overlays++
		folder := filepath.Join(manifests, "canary")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(block), 0o600); err != nil {
			t.Fatal(err)
		}
		stable := render(t, filepath.Join(manifests, "gateway"))
		canary := render(t, folder)
		if len(canary) != len(stable) {
			t.Fatalf("%d resources, not %d", len(canary), len(stable))
		}
		for i, resource := range canary {
			if err := loaded(t).Check(resource); err != nil {
				t.Error(err)
			}
			differs(t, stable[i], resource, "metadata", "name")
			if isEnvoyFilter(resource) {
				differs(t, stable[i], resource, "spec", "workloadSelector", "labels", "istio")
				continue
			}
			differs(t, stable[i], resource, "spec", "url")
			differs(t, stable[i], resource, "spec", "selector", "matchLabels", "istio")
		}
	}
	if overlays != 1 {
		t.Errorf("%d overlays", overlays)
	}
}

func differs(t *testing.T, one, other Resource, path ...string) {
	t.Helper()
	a, _, _ := unstructured.NestedString(one, path...)
	b, _, _ := unstructured.NestedString(other, path...)
	if a == "" || b == "" || a == b {
		t.Errorf("%v: %q and %q", path, a, b)
	}
}
