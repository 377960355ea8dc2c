package crds

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The release of Envoy Gateway whose CRDs count, and those of the Gateway API that it brings. Its module cannot stand in
// go.mod, because it asks for newer libraries of Kubernetes than Istio's: the sum is what go.sum would have.
const (
	envoyGateway    = "github.com/envoyproxy/gateway@v1.9.1"
	envoyGatewaySum = "h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY="
)

// envoyGatewayDocuments are the CRDs in the Helm chart of the module.
func envoyGatewayDocuments() ([]Resource, error) {
	answer, err := exec.Command("go", "mod", "download", "-json", envoyGateway).Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download %s: %w", envoyGateway, err)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(answer, &module); err != nil {
		return nil, err
	}
	if module.Sum != envoyGatewaySum {
		return nil, fmt.Errorf("%s is %s, not %s", envoyGateway, module.Sum, envoyGatewaySum)
	}
	templates := filepath.Join(module.Dir, "charts", "gateway-crds-helm", "templates")
	files, err := filepath.Glob(filepath.Join(templates, "generated", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var documents []Resource
	for _, file := range append(files, filepath.Join(templates, "standard-gatewayapi-crds.yaml")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := parse([]byte(withoutTemplate(string(text))))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

// withoutTemplate drops the lines in which Helm says whether a file is to be installed.
func withoutTemplate(text string) string {
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "{{") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
