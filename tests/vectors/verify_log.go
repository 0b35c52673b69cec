// Verifies an exported ledger with golang.org/x/mod/sumdb: the checkpoint's
// signature, its root over the tiles, every entry in it, consistency with a kept
// checkpoint. Debian: golang-go golang-golang-x-mod-dev.
//
// usage: GO111MODULE=off GOPATH=/usr/share/gocode go run verify_log.go \
//	FOLDER VKEY [KEPT CHECKPOINT]
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(path, vkey string) tlog.Tree {
	bytes, err := os.ReadFile(path)
	check(err)
	verifier, err := note.NewVerifier(vkey)
	check(err)
	signed, err := note.Open(bytes, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		check(fmt.Errorf("not a checkpoint of %s", verifier.Name()))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	if lines[2] != base64.StdEncoding.EncodeToString(root[:]) {
		check(fmt.Errorf("root is not in its one spelling"))
	}
	return tlog.Tree{N: size, Hash: root}
}

type folder string

func (f folder) Height() int                            { return height }
func (f folder) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// sumdb writes tile/8/L/N and, for entries, tile/8/data/N.
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		path = strings.Replace(path, "data", "entries", 1)
		bytes, err := os.ReadFile(filepath.Join(string(f), "tile", path))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

func bundle(f folder, n int64, width int) [][]byte {
	files, err := f.ReadTiles([]tlog.Tile{{H: height, L: -1, N: n, W: width}})
	check(err)
	data, entries := files[0], [][]byte{}
	for len(data) >= 2 && len(data) >= 2+int(data[0])<<8+int(data[1]) {
		end := 2 + int(data[0])<<8 + int(data[1])
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(data) != 0 || len(entries) != width {
		check(fmt.Errorf("bundle %d does not hold %d entries", n, width))
	}
	return entries
}

func main() {
	f := folder(os.Args[1])
	tree := open(filepath.Join(os.Args[1], "checkpoint"), os.Args[2])
	reader := tlog.TileHashReader(tree, f)
	root, err := tlog.TreeHash(tree.N, reader)
	check(err)
	if root != tree.Hash {
		check(fmt.Errorf("tiles make another root"))
	}
	for n := int64(0); n < tree.N; n += 256 {
		width := 256
		if tree.N-n < 256 {
			width = int(tree.N - n)
		}
		for i, entry := range bundle(f, n/256, width) {
			index := n + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, reader)
			check(err)
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
			if err != nil {
				check(fmt.Errorf("entry %d: %v", index, err))
			}
		}
	}
	if len(os.Args) > 3 {
		kept := open(os.Args[3], os.Args[2])
		proof, err := tlog.ProveTree(tree.N, kept.N, reader)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, kept.N, kept.Hash))
	}
	fmt.Println(tree.N, "entries verified")
}
