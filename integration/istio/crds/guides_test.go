package crds

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
