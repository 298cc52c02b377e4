#!/usr/bin/env bats
# A web page of one's own, served from ui_dir.

load helpers

setup_file() {
	UI=$BATS_FILE_TMPDIR/page
	mkdir -p "$UI/sub/own" "$UI/empty"
	echo '<html>{{.ContentPath}} {{.ACLsEnabled}}</html>' >"$UI/index.html"
	echo 'body{}' >"$UI/a.css"
	echo 'own' >"$UI/sub/own/index.html"
	echo '1' >"$UI/sub/b.js"
	echo 'plain' >"$UI/noext"
	ln -s /etc/hostname "$UI/link"
	chmod -R a+rX "$BATS_FILE_TMPDIR"
	agent_start one -server -bootstrap-expect=1 -ui-dir="$UI"
}

teardown_file() {
	agents_stop
}

page() { # page PATH: status, type and target, then the body
	curl -sS --path-as-is -w '\n%{http_code} %{content_type} %{redirect_url}' \
		"http://$(address):8500$1"
}

@test "the page has its path filled in" {
	run page /ui/
	[ "${lines[0]}" = '<html>/ui/ false</html>' ]
	[ "${lines[1]}" = '200 text/html; charset=utf-8 ' ]
}

@test "files have their types" {
	[[ "$(page /ui/a.css)" == *'200 text/css; charset=utf-8 ' ]]
	[[ "$(page /ui/sub/b.js)" == *'200 text/javascript; charset=utf-8 ' ]]
	[[ "$(page /ui/noext)" == *'200 text/plain; charset=utf-8 ' ]]
}

@test "folders and files are told apart by a slash" {
	[[ "$(page /ui/sub)" == *'301  '*'/ui/sub/' ]]
	[[ "$(page /ui/a.css/)" == *'301  '*'/ui/a.css' ]]
	[[ "$(page /ui/index.html)" == *'301  '*'/ui/' ]]
	[[ "$(page /ui/sub/own/)" == own* ]]
}

@test "what is not there is the page" {
	[[ "$(page /ui/none/x.js)" == "<html>/ui/ false</html>"* ]]
	[[ "$(page /ui/empty/)" == '<html>/ui/'* ]]
	[[ "$(page /robots.txt)" == '<html>/ui/'* ]]
}

@test "nothing outside of the folder is served" {
	[[ "$(page /ui/link)" == '<html>/ui/'* ]]
	run page /ui/%2e%2e/%2e%2e/etc/hostname
	[[ "$output" == *'301 text/html'* ]]
	[[ "$(page /ui/a%00b)" == *400* ]]
}

@test "a file is not sent again if it has not changed" {
	local date
	date=$(curl -sS -D - -o /dev/null "http://$(address):8500/ui/a.css" |
		tr -d '\r' | sed -n 's/^Last-Modified: //p')
	[ "$(http_status GET /ui/a.css -H "If-Modified-Since: $date")" = 304 ]
}
