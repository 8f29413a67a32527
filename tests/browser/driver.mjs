// Drives one Chromium for the tests: JSON lines in on stdin, JSON lines out on stdout.
//
// A request is {"id", "method", "params"}; its answer is {"id", "result"} or {"id", "error"}.
// Requests run concurrently. The end of stdin closes the browser, so it never outlives its client.

import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const puppeteer = require('puppeteer-core').default ?? require('puppeteer-core');

const contexts = new Map();
const pages = new Map();
let browser = null;
let lastId = 0;

function named(map, kind, name) {
  const found = map.get(name);
  if (found === undefined) throw new Error(`no ${kind} named ${name}`);
  return found;
}

function watch(page) {
  const log = {console: [], errors: [], failed: [], responses: []};
  page.on('console', (message) => {
    log.console.push({type: message.type(), text: message.text(), url: message.location().url ?? ''});
  });
  page.on('pageerror', (error) => log.errors.push(String(error?.message ?? error)));
  page.on('requestfailed', (request) => {
    log.failed.push({url: request.url(), error: request.failure()?.errorText ?? 'unknown'});
  });
  page.on('response', (response) => {
    log.responses.push({
      url: response.url(),
      status: response.status(),
      from_cache: response.fromCache(),
      from_service_worker: response.fromServiceWorker(),
    });
  });
  return log;
}

async function navigation(response) {
  return {status: response === null ? null : response.status()};
}

const methods = {
  async launch({executable, flags, profile, timeout_ms}) {
    browser = await puppeteer.launch({
      executablePath: executable,
      args: flags,
      userDataDir: profile,
      headless: true,
      pipe: true,
      timeout: timeout_ms,
      protocolTimeout: 0, // the client sets the time limits
      defaultViewport: {width: 1280, height: 800},
    });
    browser.on('disconnected', () => process.exit(0));
    contexts.set('default', browser.defaultBrowserContext());
    return {version: await browser.version(), pid: browser.process().pid};
  },

  async new_context() {
    const name = `context${++lastId}`;
    contexts.set(name, await browser.createBrowserContext());
    return {context: name};
  },

  async close_context({context}) {
    await named(contexts, 'context', context).close();
    contexts.delete(context);
    return null;
  },

  async new_page({context}) {
    const page = await named(contexts, 'context', context).newPage();
    page.setDefaultTimeout(0);
    const name = `page${++lastId}`;
    pages.set(name, {page, log: watch(page), cdp: null});
    return {page: name};
  },

  async close_page({page}) {
    await named(pages, 'page', page).page.close();
    pages.delete(page);
    return null;
  },

  async goto({page, url, wait_until}) {
    return navigation(await named(pages, 'page', page).page.goto(url, {waitUntil: wait_until}));
  },

  async reload({page, wait_until}) {
    return navigation(await named(pages, 'page', page).page.reload({waitUntil: wait_until}));
  },

  async evaluate({page, source, args}) {
    const value = await named(pages, 'page', page).page.evaluate(
      async (text, list) => {
        const result = await (0, eval)(`(${text})`)(...list);
        // JSON has no NaN and no infinities: they travel as {"$number": "NaN"}.
        return JSON.stringify(result, (_, item) =>
          typeof item === 'number' && !Number.isFinite(item) ? {$number: String(item)} : item);
      },
      source,
      args,
    );
    return {json: value ?? null};
  },

  async set_offline({page, is_offline}) {
    await named(pages, 'page', page).page.setOfflineMode(is_offline);
    return null;
  },

  async screenshot({page, full_page}) {
    const options = {encoding: 'base64', fullPage: full_page};
    return {png: await named(pages, 'page', page).page.screenshot(options)};
  },

  async log({page, clear}) {
    const entry = named(pages, 'page', page);
    const copy = structuredClone(entry.log);
    if (clear) for (const list of Object.values(entry.log)) list.length = 0;
    return copy;
  },

  // Any command of the DevTools protocol, for what has no method here.
  async devtools({page, command, params}) {
    const entry = named(pages, 'page', page);
    entry.cdp ??= await entry.page.createCDPSession();
    return await entry.cdp.send(command, params);
  },

  async close() {
    browser?.removeAllListeners('disconnected');
    await browser?.close();
    return null;
  },
};

async function answer(line) {
  const {id, method, params} = JSON.parse(line);
  let reply;
  try {
    const run = methods[method];
    if (run === undefined) throw new Error(`no method named ${method}`);
    reply = {id, result: (await run(params ?? {})) ?? null};
  } catch (error) {
    reply = {id, error: error instanceof Error ? error.message : String(error)};
  }
  const text = JSON.stringify(reply) + '\n';
  if (method === 'close') process.stdout.write(text, () => process.exit(0));
  else process.stdout.write(text);
}

const lines = createInterface({input: process.stdin, terminal: false});
lines.on('line', (line) => void answer(line));
lines.on('close', async () => {
  await methods.close().catch(() => undefined);
  process.exit(0);
});
