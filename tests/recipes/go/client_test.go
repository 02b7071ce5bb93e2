package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const now = "/api/cutout/general/universal-background-removal"

var twin string

// TestMain starts a twin that lives as long as the tests.
func TestMain(m *testing.M) {
	binary := os.Getenv("SAFELIGHT")
	if binary == "" {
		binary = "safelight"
	}
	server := exec.Command(binary, "serve", "--twin", "--listen", "127.0.0.1:0")
	output, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for lines := bufio.NewScanner(output); twin == "" && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "Safelight is ready at ") {
			twin = strings.Fields(lines.Text())[4]
		}
	}
	code := m.Run()
	_ = server.Process.Kill()
	_ = server.Wait()
	os.Exit(code)
}

// cutOut stands for your client: it answers the URL of the result, or the code of the failure.
func cutOut(simulate string) (string, error) {
	photo, err := os.ReadFile(os.Getenv("PHOTO"))
	if err != nil {
		return "", err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("image", "photo.png")
	if err != nil {
		return "", err
	}
	_, _ = part.Write(photo)
	_ = form.Close()
	request, err := http.NewRequest("POST", twin+now, &body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("ailabapi-api-key", "twin")
	if simulate != "" {
		request.Header.Set("x-safelight-simulate", simulate)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		Data struct {
			ImageURL string `json:"image_url"`
		}
		Detail struct{ Code string } `json:"error_detail"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if answer.Detail.Code != "" {
		return "", errors.New(answer.Detail.Code)
	}
	return answer.Data.ImageURL, nil
}

func TestAPictureComesBack(t *testing.T) {
	url, err := cutOut("")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Body.Close()
	if kind := picture.Header.Get("Content-Type"); kind != "image/png" {
		t.Fatalf("a picture of type %s", kind)
	}
}

func TestFailuresCarryTheirCode(t *testing.T) {
	for _, code := range []string{"ERROR_NO_FACE_IN_FILE", "ERROR_NOT_ENOUGH_CREDITS"} {
		if _, err := cutOut("code=" + code); err == nil || err.Error() != code {
			t.Errorf("%v instead of %s", err, code)
		}
	}
}
