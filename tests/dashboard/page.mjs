// The dashboard in Debian's Chromium, against a real broker and a real node:
//   node page.mjs PAGE BROKER WS TOOL NODE_PID [FOLDER for screenshots]
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [page_url, broker, ws, tool, nodePid, shots] = process.argv.slice(2);
const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
const browser = await chromium.launch({
  executablePath: program,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run'],
});

const ask = (...words) => {
  try {
    execFileSync(tool, ['ask', 'eu-west/pi-7', ...words, '--broker', broker], { stdio: 'ignore' });
  } catch (error) {
    assert.equal(error.status, 1, `flyball ask ${words.join(' ')}`); // denied
  }
};

async function open(options = {}, query = '') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  page.on('console', (message) => {
    // A broker that is away on purpose is a failed connection, which Chromium reports as an error.
    if (message.type() === 'error' && !message.text().includes('WebSocket')) page.errors.push(message.text());
  });
  await page.goto(page_url + query);
  return page;
}

const text = (page, id) => page.locator(`#${id}`).innerText();
const see = (page, id, pattern) => page.waitForFunction(([name, source]) =>
  new RegExp(source).test(document.getElementById(name).innerText), [id, pattern.source], { timeout: 20000 });
const shoot = async (page, name) => {
  if (!shots) return;
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
};

const checks = {
  async 'shows a real node, live'() {
    const page = await open();
    await see(page, 'link', /^connected/);
    await see(page, 'devices', /eu-west\/pi-7\s+online/);
    assert.equal(await text(page, 'sum-online'), '1 of 1');
    for (let i = 0; i < 4; i += 1) ask('entitlement/main', 'tenant=acme', 'feature=export');
    await see(page, 'sum-denied', /^4 in all/);
    await see(page, 'regions', /eu-west\s+1 online/);
    await see(page, 'sum-memory', /[0-9] (KiB|MiB)/);
    await page.locator('#devices button', { hasText: 'eu-west/pi-7' }).click();
    await see(page, 'governors', /entitlement\/main\s+up.*not_entitled 4/s);
    assert.deepEqual(page.errors, []);
    await shoot(page, 'desktop-light');
  },
  async 'shows events as they happen'() {
    const page = await open();
    await see(page, 'devices', /online/);
    ask('quota/main', 'tenant=<b>acme</b>', 'hits=9000');
    await see(page, 'events', /eu-west\/pi-7\s+quota\/main\s+<b>acme<\/b>\s+quota_warning/);
    assert.equal(await page.locator('#events b').count(), 0, 'what strangers sent is text');
    assert.deepEqual(page.errors, []);
  },
  async 'fits a phone, dark, and its tables are tables'() {
    const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true });
    await see(page, 'devices', /online/);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    await page.locator('#theme').click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
    await page.locator('#theme').click();
    const headers = await page.locator('#devices thead th[scope=col]').count();
    assert.ok(headers >= 6);
    assert.equal(await page.locator('#devices tbody th[scope=row]').count(), 1);
    const small = await page.evaluate(() => [...document.querySelectorAll('button')]
      .filter((b) => b.offsetParent && b.getBoundingClientRect().height < 32).map((b) => b.textContent));
    assert.deepEqual(small, [], 'buttons that a finger misses');
    assert.deepEqual(page.errors, []);
    await shoot(page, 'phone-dark');
  },
  async 'sorts and filters'() {
    const page = await open();
    await see(page, 'devices', /online/);
    await page.locator('#devices th button', { hasText: 'p99' }).click();
    assert.equal(await page.locator('#devices th[aria-sort=descending]').innerText(), 'p99 ↓'.slice(0, 3));
    await page.fill('#filter', 'nowhere');
    await see(page, 'empty', /No device matches/);
    await page.fill('#filter', 'EU-w');
    await see(page, 'count', /^1 of 1/);
  },
  async 'says so when nobody is there, nobody answers, or nobody is named'() {
    const empty = await open({}, '?prefix=nobody/here');
    await see(empty, 'empty', /No device has reported health below nobody\/here/);
    await shoot(empty, 'desktop-empty');
    const gone = await open({ colorScheme: 'dark' }, '?broker=ws://127.0.0.1:9');
    await see(gone, 'notice', /No connection to ws:\/\/127.0.0.1:9 since/);
    await shoot(gone, 'desktop-disconnected');
    const wrong = await open({}, '?broker=tcp://127.0.0.1:1883');
    await see(wrong, 'notice', /no websockets address/);
    await shoot(wrong, 'desktop-form');
    await wrong.fill('input[name=broker]', ws);
    await wrong.locator('#connect button').click();
    await see(wrong, 'devices', /pi-7\s+online/);
  },
  async 'counts a killed node as offline, and shows what it last said'() {
    const page = await open({ colorScheme: 'dark' });
    await see(page, 'devices', /online/);
    process.kill(Number(nodePid), 'SIGKILL');
    await see(page, 'devices', /eu-west\/pi-7\s+(offline|lost)/);
    await see(page, 'sum-online', /^0 of 1/);
    await shoot(page, 'desktop-dark-offline');
    assert.deepEqual(page.errors, []);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
  }
}
await browser.close();
process.exitCode = failed === 0 ? 0 : 1;
