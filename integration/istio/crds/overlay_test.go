package crds

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The repository as the manifests' page names it.
const repository = "https://github.com/OWNER/tenancy-filter"

// Another digest than that of the base.
const next = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// overlayWith is the Kustomization of the manifests' page that has a text.
func overlayWith(t *testing.T, text string) string {
	t.Helper()
	var found []string
	for _, block := range yamlBlocks(t)[filepath.Join(root, "wasm-plugin/manifests/README.md")] {
		if strings.Contains(block, "kind: Kustomization") && strings.Contains(block, text) {
			found = append(found, block)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d overlays with %q", len(found), text)
	}
	return found[0]
}

// overlaid is what an overlay builds in a folder.
func overlaid(t *testing.T, folder, overlay string) []Resource {
	t.Helper()
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(overlay), 0o600); err != nil {
		t.Fatal(err)
	}
	resources := render(t, folder)
	for _, resource := range resources {
		if err := loaded(t).Check(resource); err != nil {
			t.Error(err)
		}
	}
	return resources
}

// The canary's overlay, where its page says it lies.
func TestTheCanaryIsTheGatewayElsewhere(t *testing.T) {
	manifests := copyOfManifests(t)
	nameImage(t, manifests)
	overlay := strings.NewReplacer("REGISTRY/tenancy-filter", mine, "sha256:DIGEST", next).Replace(overlayWith(t, "nameSuffix: -canary"))
	stable := render(t, filepath.Join(manifests, "gateway"))
	canary := overlaid(t, filepath.Join(manifests, "canary"), overlay)
	if len(canary) != len(stable) {
		t.Fatalf("%d resources, not %d", len(canary), len(stable))
	}
	for i, resource := range canary {
		differs(t, stable[i], resource, "metadata", "name")
		if isEnvoyFilter(resource) {
			differs(t, stable[i], resource, "spec", "workloadSelector", "labels", "istio")
			continue
		}
		expectImage(t, stable[i], digest)
		expectImage(t, resource, next)
		differs(t, stable[i], resource, "spec", "selector", "matchLabels", "istio")
	}
}

func expectImage(t *testing.T, resource Resource, digest string) {
	t.Helper()
	if url := url(t, resource); url != "oci://"+mine+"@"+digest {
		t.Error(url)
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

// published is the URL of a repository with the manifests, under a tag; it lies in a folder.
func published(t *testing.T, tag string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tenancy-filter")
	if err := os.CopyFS(filepath.Join(folder, "wasm-plugin/manifests"), os.DirFS(filepath.Join(root, "wasm-plugin/manifests"))); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"init", "--quiet"}, {"add", "."},
		{"-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "a"},
		{"tag", "--no-sign", tag},
	} {
		git := exec.Command("git", arguments...)
		git.Dir = folder
		if said, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", arguments, err, said)
		}
	}
	return "file://" + folder
}

// findings are the fields about which `tenancy check` says something, each behind the code.
func findings(t *testing.T, resources []Resource) []string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"kind": "List", "items": resources})
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command("cargo", "run", "--quiet", "--locked", "-p", "tenancy", "--", "check", "--format", "json", "-")
	check.Dir, check.Stdin, check.Stderr = root, bytes.NewReader(text), os.Stderr
	said, err := check.Output()
	var report struct {
		Findings []struct{ Code, Path string }
		Checked  []any
	}
	if wrong := json.Unmarshal(said, &report); wrong != nil || len(report.Checked) == 0 {
		t.Fatalf("%v: %v: %s", err, wrong, said)
	}
	var found []string
	for _, finding := range report.Findings {
		found = append(found, finding.Code+" "+finding.Path)
	}
	slices.Sort(found)
	return found
}

// An overlay on the repository's URL, here that of a folder: as the page has it nothing of it may be applied, and with
// what its reader knows nothing is left to mend.
func TestAnOverlayBuildsOnTheRepository(t *testing.T) {
	page := overlayWith(t, repository)
	tag := regexp.MustCompile(`\?ref=(\S+)`).FindStringSubmatch(page)
	if tag == nil {
		t.Fatal("no ref")
	}
	here := strings.ReplaceAll(page, repository, published(t, tag[1]))
	folder := t.TempDir()
	left := overlaid(t, filepath.Join(folder, "left"), here)
	expected := []string{"spec.pluginConfig.tenant.from[0].host", "spec.pluginConfig.verified.issuers[0]", "spec.url", "spec.url"}
	for i, path := range expected {
		expected[i] = "placeholder " + strings.TrimPrefix(path, "spec.pluginConfig.")
	}
	if got := findings(t, left); !slices.Equal(got, sorted(expected)) {
		t.Errorf("found %q", got)
	}

	edited := strings.NewReplacer("REGISTRY/tenancy-filter", mine, "sha256:DIGEST", next, "example.com", "acme.dev").Replace(here)
	// What the base has is sought, not named.
	edited = strings.Replace(edited, "registry.acme.dev", "registry.example.com", 1)
	resources := overlaid(t, filepath.Join(folder, "edited"), edited)
	if got := findings(t, resources); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	for _, resource := range resources {
		if !isEnvoyFilter(resource) {
			expectImage(t, resource, next)
		}
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// On the manifests of a release, which name its image.
func TestAnOverlayBuildsOnARelease(t *testing.T) {
	manifests := releasedManifests(t)
	before, images, found := strings.Cut(overlayWith(t, repository), "images:\n")
	_, patches, ended := strings.Cut(images, "patches:\n")
	if !found || !ended {
		t.Fatal("no images, or no patches behind them")
	}
	url := regexp.MustCompile(`https://\S+`)
	overlay := url.ReplaceAllString(before, "../gateway") + "patches:\n" + strings.ReplaceAll(patches, "example.com", "acme.dev")
	for _, resource := range overlaid(t, filepath.Join(manifests, "mine"), overlay) {
		if !isEnvoyFilter(resource) {
			expectImage(t, resource, digest)
		}
	}
}
