// Reads requests on standard input with OpenTelemetry's baggage propagator for Go, as ../read.sh says.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

func main() {
	requests := bufio.NewReader(os.Stdin)
	for {
		request, end := requests.ReadString('\n')
		if end != nil {
			return
		}
		fmt.Println(answer(strings.TrimSuffix(request, "\n")))
	}
}

func answer(request string) string {
	extracted := propagation.Baggage{}.Extract(context.Background(), propagation.HeaderCarrier(headers(request)))
	var texts []string
	for _, member := range baggage.FromContext(extracted).Members() {
		for _, text := range []string{member.Key(), member.Value()} {
			texts = append(texts, base64.StdEncoding.EncodeToString([]byte(text)))
		}
	}
	return strings.Join(texts, " ")
}

// As net/http hands them over: each line for itself, its bytes as they are.
func headers(request string) http.Header {
	headers := http.Header{}
	for _, line := range strings.Split(request, " ") {
		bytes, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			log.Fatal(err)
		}
		headers.Add("baggage", string(bytes))
	}
	return headers
}
