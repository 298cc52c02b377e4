// What a user does with npm's client `consul`: each step's name and result, as
// a line of JSON. Arguments: the folder of the module, the agent's address.
"use strict";

const Consul = require(process.argv[2]);
const make = Consul.default || Consul;
const client = new make({ host: process.argv[3], promisify: true });

async function step(name, call) {
  let told;
  let result;
  try {
    result = await call();
    told = result === undefined ? null : result;
  } catch (error) {
    told = `${error.name}: ${error.message}`;
  }
  console.log(JSON.stringify([name, told]));
  return result;
}

async function keys() {
  const kv = client.kv;
  await step("kv.get none", () => kv.get("js/none"));
  await step("kv.set", () => kv.set("js/a", "one"));
  await step("kv.set flags", () =>
    kv.set({ key: "js/b c", value: "two", flags: 7 }));
  await step("kv.get", () => kv.get("js/a"));
  await step("kv.get raw", () => kv.get({ key: "js/a", raw: true }));
  await step("kv.get recurse", () => kv.get({ key: "js/", recurse: true }));
  await step("kv.keys", () => kv.keys("js/"));
  await step("kv.set cas", () => kv.set({ key: "js/a", value: "x", cas: "0" }));
  await step("kv.del", () => kv.del("js/a"));
  await step("kv.del recurse", () => kv.del({ key: "js/", recurse: true }));
}

async function services() {
  const agent = client.agent;
  await step("agent.self", async () => Object.keys(await agent.self()).sort());
  await step("service.register", () => agent.service.register({
    name: "js", id: "js1", port: 3000, tags: ["x"], address: "127.0.0.8",
    check: { ttl: "20s", notes: "n" }, meta: { a: "b" },
  }));
  await step("check.pass", () =>
    agent.check.pass({ id: "service:js1", note: "good" }));
  await step("service.list", async () => (await agent.service.list()).js1);
  await step("check.list", async () =>
    (await agent.check.list())["service:js1"]);
  await step("service.maintenance", () =>
    agent.service.maintenance({ id: "js1", enable: true, reason: "r" }));
  await step("service.maintenance off", () =>
    agent.service.maintenance({ id: "js1", enable: false }));
  await step("catalog.service.nodes", () =>
    client.catalog.service.nodes("js"));
  await step("health.service", () =>
    client.health.service({ service: "js", passing: true }));
  await step("health.checks", () => client.health.checks("js"));
  await step("health.state", async () =>
    (await client.health.state("passing")).map((row) => row.CheckID).sort());
  await step("catalog.node.list", () => client.catalog.node.list());
  await step("catalog.node.services", () =>
    client.catalog.node.services("n1"));
  await step("catalog.datacenters", () => client.catalog.datacenters());
  await step("agent.check.register bad", () =>
    agent.check.register({ name: "b", ttl: "soon" }));
}

async function sessions() {
  const made = await step("session.create", () =>
    client.session.create({ name: "j", ttl: "30s", lockdelay: "0s" }));
  await step("session.get", () => client.session.get(made.ID));
  await step("kv.set acquire", () =>
    client.kv.set({ key: "lockjs", value: "m", acquire: made.ID }));
  await step("session.renew", () => client.session.renew(made.ID));
  await step("session.destroy", () => client.session.destroy(made.ID));
  await step("kv.get lock", () => client.kv.get("lockjs"));
}

async function rest() {
  await step("event.fire", () => client.event.fire("js", "payload"));
  await step("status.leader", () => client.status.leader());
  await step("status.peers", () => client.status.peers());
  await step("transaction", () => client.transaction.create([
    { KV: { Verb: "set", Key: "js/t", Value: "dA==" } },
    { KV: { Verb: "get", Key: "js/t" } },
  ]));
  await step("transaction bad", () => client.transaction.create([
    { KV: { Verb: "get", Key: "js/none" } },
  ]));
  const made = await step("query.create", () => client.query.create({
    name: "jsq", service: { service: "js", onlypassing: true },
  }));
  await step("query.list", async () => (await client.query.list()).length);
  await step("query.execute", async () =>
    (await client.query.execute("jsq")).Nodes.map((n) => n.Service.ID));
  await step("query.destroy", () => client.query.destroy(made.ID));
}

// A watch tells of a change and of the end of a service's life.
function watch() {
  return new Promise((resolve) => {
    const seen = [];
    const watching = client.watch({
      method: client.kv.get,
      options: { key: "js/watched" },
    });
    const end = () => {
      clearTimeout(late);
      watching.end();
      resolve(seen);
    };
    const late = setTimeout(end, 10000);
    watching.on("error", (error) => seen.push(String(error)));
    watching.on("change", (data) => {
      seen.push(data === undefined ? null : data.Value);
      if (seen.length === 1) client.kv.set("js/watched", "1");
      else if (seen.length === 2) client.kv.set("js/watched", "2");
      else end();
    });
  });
}

(async () => {
  await keys();
  await services();
  await sessions();
  await rest();
  await step("watch", watch);
})();
