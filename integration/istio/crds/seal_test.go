package crds

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What `tenancy check` says of the placeholder in seal/verify.
var openKey = []string{"configuration seal.verify.k1", "placeholder seal.verify.k1"}

// The components of sealed context, in all folders that they are for: Istio's CRDs take what they build, and the
// placeholder of the public key is found.
func TestSealsAreComponentsOfTheOthers(t *testing.T) {
	manifests := copyOfManifests(t)
	for i, sealed := range []struct {
		folder, component string
		open              []string
	}{
		{"gateway", "seal/sign", nil},
		{"gateway-api", "seal/sign", nil},
		{"sidecars", "seal/count", openKey},
		{"sidecars", "seal/verify", openKey},
		{"waypoint/class", "seal/verify", openKey},
		{"traffic-extension/gateway", "traffic-extension/seal/sign", nil},
		{"traffic-extension/gateway-api", "traffic-extension/seal/sign", nil},
		{"traffic-extension/sidecars", "traffic-extension/seal/count", openKey},
		{"traffic-extension/waypoint/service", "traffic-extension/seal/verify", openKey},
	} {
		overlay := fmt.Sprintf("resources: [../%s]\ncomponents: [../%s]\n", sealed.folder, sealed.component)
		resources := overlaid(t, filepath.Join(manifests, fmt.Sprintf("sealed-%d", i)), overlay)
		found := slices.DeleteFunc(findings(t, resources), func(finding string) bool { return !strings.Contains(finding, "seal") })
		if !slices.Equal(found, sealed.open) {
			t.Errorf("%s with %s: found %q", sealed.folder, sealed.component, found)
		}
	}
}
