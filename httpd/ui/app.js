/*
 * The bare page: services with their health, nodes, checks and keys, from the
 * HTTP API. Every view is one or two blocking queries, so it follows changes
 * without being asked. What it shows is text: nothing becomes markup.
 *
 * Views are named in the fragment: #services, #service/web, #nodes, #node/n1,
 * #checks, #keys, #keys/dir/, #key/dir/name.
 */
"use strict";

const view = document.getElementById("view");
const state = document.getElementById("state");
const RETRY_MS = 2000;
const POLL_MS = 3000;
const WAIT = "55s";

let current = null; // AbortController of the view that is shown

/* An element with attributes and children; texts become text nodes. */
function el(name, attributes, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		node.setAttribute(key, value);
	node.append(...children.flat(Infinity));
	return node;
}

function link(text, ...path) {
	return el("a", { href: "#" + path.map(encodeURIComponent).join("/") },
		text);
}

function status(word, text) {
	return el("span", { class: "status " + word }, text || word);
}

function tags(list) {
	return (list || []).map((tag) => el("span", { class: "tag" }, tag));
}

function table(heads, rows, empty) {
	if (rows.length === 0)
		return el("p", { class: "quiet" }, empty);
	return el("table", {},
		el("thead", {}, el("tr", {},
			heads.map((head) => el("th", { scope: "col" }, head)))),
		el("tbody", {}, rows.map((row) => el("tr", {},
			row.map((cell) => el("td", {}, cell))))));
}

/* The worst of these checks. */
function worst(checks) {
	for (const word of ["critical", "warning"])
		if (checks.some((check) => check.Status === word))
			return word;
	return "passing";
}

function counts(checks) {
	const count = {};
	for (const check of checks)
		count[check.Status] = (count[check.Status] || 0) + 1;
	return ["critical", "warning", "passing"]
		.filter((word) => count[word])
		.map((word) => [status(word, count[word] + " " + word), " "]);
}

/* Follow one URL: `show` gets each new answer. An empty answer is null. */
async function follow(path, abort, show) {
	let index = 0;
	while (!abort.signal.aborted) {
		try {
			const mark = path.includes("?") ? "&" : "?";
			const reply = await fetch(path + mark + "wait=" + WAIT +
				"&index=" + index, { signal: abort.signal });
			if (!reply.ok && reply.status !== 404)
				throw new Error(await reply.text());
			const text = await reply.text();
			const next = Number(reply.headers.get("X-Consul-Index"));
			state.textContent = "Up to date at index " + next + ".";
			state.className = "quiet";
			if (next !== index)
				show(text ? JSON.parse(text) : null);
			index = next > index ? next : 0;
		} catch (error) {
			if (abort.signal.aborted)
				return;
			state.textContent = "Not up to date: " + error.message;
			state.className = "error";
			index = 0;
			await new Promise((done) => setTimeout(done, RETRY_MS));
		}
	}
}

/* What has no index to wait on: looked at again and again. */
async function poll(path, abort, show) {
	while (!abort.signal.aborted) {
		try {
			const reply = await fetch(path, { signal: abort.signal });
			show(reply.ok ? await reply.json() : null);
		} catch {
			/* follow() says what is wrong. */
		}
		await new Promise((done) => setTimeout(done, POLL_MS));
	}
}

function checksTable(checks) {
	return table(["Status", "Check", "Node", "Service", "Output"],
		checks.map((check) => [
			status(check.Status),
			check.Name,
			link(check.Node, "node", check.Node),
			check.ServiceName ?
				link(check.ServiceName, "service", check.ServiceName) :
				"",
			check.Output,
		]), "No checks.");
}

const views = {
	services(abort) {
		let services = {}, checks = [];
		const show = () => view.replaceChildren(el("h2", {}, "Services"),
			table(["Service", "Health", "Tags"],
				Object.entries(services).map(([name, list]) => {
					const own = checks.filter(
						(check) => check.ServiceName === name);
					return [link(name, "service", name),
						own.length ? counts(own) :
							el("span", { class: "quiet" }, "no checks"),
						tags(list)];
				}), "No services."));
		follow("/v1/catalog/services", abort, (got) => {
			services = got || {};
			show();
		});
		follow("/v1/health/state/any", abort, (got) => {
			checks = got || [];
			show();
		});
	},

	service(abort, name) {
		follow("/v1/health/service/" + encodeURIComponent(name), abort,
			(rows) => view.replaceChildren(el("h2", {}, "Service " + name),
				table(["Health", "Instance", "Node", "Address", "Tags",
					"Checks"],
				(rows || []).map((row) => [
					status(worst(row.Checks)),
					row.Service.ID,
					link(row.Node.Node, "node", row.Node.Node),
					(row.Service.Address || row.Node.Address) + ":" +
						row.Service.Port,
					tags(row.Service.Tags),
					counts(row.Checks),
				]), "No instances."),
				el("h2", {}, "Checks"),
				checksTable((rows || []).flatMap((row) => row.Checks))));
	},

	nodes(abort) {
		let nodes = [], checks = [], servers = [], leader = null;
		const role = (node) => {
			const server = servers.find((row) => row.Node === node.Node);
			if (!server)
				return "";
			const address = server.ServiceAddress || server.Address;
			return address + ":" + server.ServicePort === leader ?
				el("strong", {}, "leader") : "server";
		};
		const show = () => view.replaceChildren(el("h2", {}, "Nodes"),
			table(["Health", "Node", "Role", "Address", "ID"],
				nodes.map((node) => [
					status(worst(checks.filter(
						(check) => check.Node === node.Node &&
							!check.ServiceID))),
					link(node.Node, "node", node.Node),
					role(node),
					node.Address,
					node.ID,
				]), "No nodes."));
		follow("/v1/catalog/nodes", abort, (got) => {
			nodes = got || [];
			show();
		});
		follow("/v1/catalog/service/consul", abort, (got) => {
			servers = got || [];
			show();
		});
		poll("/v1/status/leader", abort, (got) => {
			if (got === leader)
				return;
			leader = got;
			show();
		});
		follow("/v1/health/state/any", abort, (got) => {
			checks = got || [];
			show();
		});
	},

	node(abort, name) {
		let services = [], checks = [];
		const show = () => view.replaceChildren(el("h2", {}, "Node " + name),
			table(["Service", "ID", "Address", "Tags"],
				services.map((service) => [
					link(service.Service, "service", service.Service),
					service.ID,
					service.Address ?
						service.Address + ":" + service.Port :
						"port " + service.Port,
					tags(service.Tags),
				]), "No services."),
			el("h2", {}, "Checks"), checksTable(checks));
		const path = encodeURIComponent(name);
		follow("/v1/catalog/node/" + path, abort, (got) => {
			services = got ? Object.values(got.Services) : [];
			show();
		});
		follow("/v1/health/node/" + path, abort, (got) => {
			checks = got || [];
			show();
		});
	},

	checks(abort) {
		follow("/v1/health/state/any", abort, (checks) =>
			view.replaceChildren(el("h2", {}, "Checks"),
				checksTable(checks || [])));
	},

	keys(abort, prefix = "") {
		const parent = prefix.replace(/[^/]*\/$/, "");
		follow("/v1/kv/" + keyPath(prefix) + "?keys&separator=/", abort,
			(keys) => view.replaceChildren(
				el("h2", {}, "Keys " + prefix),
				prefix ? el("p", {}, link("Up", "keys", parent)) : "",
				table(["Key"], (keys || []).map((key) => [
					link(key.slice(prefix.length) || key,
						key.endsWith("/") && key !== prefix ?
							"keys" : "key", key),
				]), "No keys.")));
	},

	key(abort, key) {
		const parent = key.replace(/[^/]*\/?$/, "");
		follow("/v1/kv/" + keyPath(key), abort, (rows) => {
			const up = el("p", {}, link("Up", "keys", parent));
			if (!rows) {
				view.replaceChildren(el("h2", {}, "Key " + key), up,
					el("p", { class: "quiet" }, "No such key."));
				return;
			}
			view.replaceChildren(el("h2", {}, "Key " + key), up,
				el("pre", {}, decode(rows[0].Value)),
				table(["Fact", "Value"], ["Flags", "LockIndex", "Session",
					"CreateIndex", "ModifyIndex"]
					.filter((name) => rows[0][name] !== undefined)
					.map((name) => [name, String(rows[0][name])]), ""));
		});
	},
};

/* Slashes of a key stay, all else is escaped. */
function keyPath(key) {
	return key.split("/").map(encodeURIComponent).join("/");
}

function decode(base64) {
	const bytes = Uint8Array.from(atob(base64 || ""),
		(c) => c.charCodeAt(0));
	return new TextDecoder().decode(bytes);
}

function show() {
	const [name, argument] = location.hash.slice(1).split("/", 2);
	const known = Object.hasOwn(views, name) ? name : "services";
	if (current)
		current.abort();
	current = new AbortController();
	for (const a of document.querySelectorAll("nav a"))
		if (a.hash.slice(1).startsWith(known.slice(0, 3)))
			a.setAttribute("aria-current", "page");
		else
			a.removeAttribute("aria-current");
	view.replaceChildren(el("p", { class: "quiet" }, "Loading."));
	views[known](current,
		argument === undefined ? undefined : decodeURIComponent(argument));
}

async function agent() {
	try {
		const self = await (await fetch("/v1/agent/self")).json();
		document.getElementById("agent").textContent =
			self.Config.NodeName + " in " + self.Config.Datacenter;
	} catch (error) {
		document.getElementById("agent").textContent = "";
	}
}

addEventListener("hashchange", show);
show();
agent();
