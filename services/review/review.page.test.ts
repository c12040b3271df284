import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { run, temporaryStore } from '../../libs/store/testing.ts';
import { alertOf } from '../alerter/alert.ts';
import { addFinding, openGroup } from '../alerter/grouping.ts';
import { overSeveral, serveReview, stories, story, type Story } from './testing.ts';

const executable = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => existsSync(path));
const skip = executable === undefined && process.env.CI !== 'true' ? 'NO BROWSER FOUND: the review page is not tested' : false;

/** The page over the given stories, in a browser. A script error, a refused resource or a call to elsewhere fails the test. */
async function show(told: readonly Story[], hash = '') {
  const temporary = await temporaryStore();
  await temporary.store.write(told.flatMap(({ records }) => records), told.map(({ finding }) => finding));
  const review = await serveReview(temporary.store);
  const browser: Browser = await chromium.launch({
    executablePath: executable!,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const page: Page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('request', (request) => void (request.url().startsWith(review.url) || request.url().startsWith('data:') || complaints.push(request.url())));
  await page.goto(`${review.url}/#${hash}`);
  await page.waitForSelector('tr[data-id], .empty');
  return {
    page, complaints, store: temporary.store, path: temporary.path,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await review[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

const total = (page: Page): Promise<string> => page.locator('#totals dd').first().innerText();

test('an analyst filters, opens a finding and sees the flow behind it', { skip }, async () => {
  await using shown = await show(stories(120));
  const { page, complaints } = shown;
  assert.equal(await total(page), '120');

  await page.getByRole('checkbox', { name: 'critical' }).check();
  await page.getByRole('checkbox', { name: 'CN China' }).check();
  await page.locator('.chip:not(.all)').nth(1).waitFor();
  const levels = new Set(await page.locator('tr[data-id] .level').allInnerTexts());
  assert.deepEqual([...levels], ['critical']);

  await page.locator('tr[data-id]').first().click();
  const panel = page.locator('#detail');
  await panel.locator('.records').waitFor();
  const text = await panel.innerText();
  for (const part of [
    'M****4W',
    'udp.payload@34',
    'office-2020-04-02.pcap',
    'AS64501 Example Cloud Asia',
    'rules=7c1d0e2a policy=2020-04 geo=2020-04-01',
    'tk1.9f3c01aa.',
  ])
    assert.ok(text.includes(part), part);
  assert.equal(await panel.locator('.records tbody tr').count(), 3);
  assert.equal(await panel.locator('.records tr.evidence .seen').count(), 1);
  assert.deepEqual(
    await panel
      .locator('.records tbody tr')
      .first()
      .locator('td')
      .allInnerTexts()
      .then((cells) => cells.slice(3, 5)),
    ['612 B', '480 B'],
  );
  assert.deepEqual(await panel.locator('.place strong').allInnerTexts(), ['China', 'United States', 'China']);

  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address); // the link alone leads back to the same view
  await panel.locator('.records').waitFor();
  assert.equal(await panel.innerText(), text);

  await page.getByRole('button', { name: 'Clear all' }).click();
  await page.locator('#totals dd', { hasText: /^120$/ }).waitFor();
  assert.deepEqual(complaints, []);
});

test('the link of an alert shows the findings that it is about', { skip }, async () => {
  const told = stories(30);
  const { finding } = told[0]!;
  await using shown = await show(told);
  const { page, complaints } = shown;
  const group = openGroup(finding, 0);
  addFinding(group, finding, 0);
  const { generatorURL } = alertOf(group, { groupWait: 0, repeatInterval: 0, quietPeriod: 0 }, page.url(), 0);
  const about = told.filter((one) => one.finding['telltale.subject.ip'] === group.subject && one.finding['rule.id'] === group.ruleId);
  assert.ok(about.length < told.length);
  await page.goto('about:blank');
  await page.goto(generatorURL);
  await page.waitForSelector('tr[data-id]');
  assert.equal(await total(page), String(about.length));
  assert.deepEqual(complaints, []);
});

test('it can be used with the keyboard alone', { skip }, async () => {
  await using shown = await show(stories(30));
  const { page, complaints } = shown;
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.locator('#detail .records').waitFor();
  const second = await page.locator('tr[data-id]').nth(1).getAttribute('data-id');
  assert.ok(page.url().includes(second!));
  await page.keyboard.press('k');
  const first = await page.locator('tr[data-id]').nth(0).getAttribute('data-id');
  assert.ok(page.url().includes(first!), 'the panel follows');
  await page.keyboard.press('Escape');
  await page.locator('#detail').waitFor({ state: 'hidden' });
  await page.keyboard.press('/');
  await page.keyboard.type('portal.example');
  await page.waitForSelector('.chip');
  assert.ok((await page.locator('tr[data-id]').count()) < 30);
  await page.locator('th button', { hasText: 'Level' }).press('Enter');
  await page.waitForSelector('th[aria-sort=descending] >> text=Level');
  assert.deepEqual(complaints, []);
});

test('a finding over several subjects says so, where others show a host, a frame and a flow', { skip }, async () => {
  const [first] = stories(2);
  await using shown = await show([first!, overSeveral(first!, 'Two hosts in one room')], 'finding=c0ffee');
  const { page, complaints } = shown;
  const panel = page.locator('#detail');
  await panel.locator('h2', { hasText: 'Two hosts in one room' }).waitFor();
  const text = await panel.innerText();
  assert.match(text, /From\s+several/);
  assert.match(text, /None of its own: the finding is about several records/);
  assert.doesNotMatch(text, /0 %|Frame|not stored any more|all of this subject|Other findings in this flow/i);
  assert.match(await page.locator('tr[data-id="c0ffee"]').innerText(), /from several/);
  assert.deepEqual(complaints, []);
});

test('text from the wire is shown, never run', { skip }, async () => {
  const hostile = '"><img src=x onerror="document.title=\'owned\'"><script>document.title=\'owned\'</script>\'';
  const told = story({
    index: 1, level: 'high', rule: hostile, message: hostile, peer: { located: hostile }, observable: { kind: hostile, path: hostile, mask: hostile },
    flow: { 'destination.domain': hostile, 'url.domain': hostile, 'url.path': hostile, 'http.request.method': hostile, 'telltale.service': hostile, 'telltale.evidence.file': hostile, 'telltale.policy.verdict': hostile },
  });
  await using shown = await show([told], `finding=${told.finding['event.id']}`);
  const { page, complaints } = shown;
  await page.locator('#detail .records').waitFor();
  assert.equal(await page.locator('#detail h2').innerText(), hostile);
  assert.equal(await page.locator('img, main script, aside script').count(), 0);
  assert.equal(await page.title(), 'Telltale · Findings');
  assert.deepEqual(complaints, []);
});

test('new findings appear while it is open, and a store that fails is said', { skip }, async () => {
  await using shown = await show([]);
  const { page, store, path } = shown;
  assert.match(await page.locator('.empty').innerText(), /No findings yet/);
  await page.clock.install();
  const [told] = stories(1);
  await store.write(told!.records, [told!.finding]);
  await page.reload();
  await page.waitForSelector('tr[data-id]');
  await store.write([], [stories(2)[1]!.finding]);
  await page.clock.runFor(11_000);
  await page.locator('tr[data-id]').nth(1).waitFor();
  await run(path, 'DROP TABLE findings');
  await page.clock.runFor(11_000);
  await page.locator('#problem', { hasText: 'ClickHouse did not answer' }).waitFor();
  assert.equal(await page.locator('tr[data-id]').count(), 2, 'what was read before stays');
});

for (const width of [1280, 800, 400]) {
  test(`nothing runs over the edge at ${width} pixels`, { skip }, async () => {
    const told = stories(30);
    await using shown = await show(told, `finding=${told[1]!.finding['event.id']}`);
    const { page } = shown;
    await page.setViewportSize({ width, height: 800 });
    await page.locator('#detail .records').waitFor();
    for (const selector of ['html', '#detail', '#filters', '.list']) {
      const over = await page
        .locator(selector)
        .evaluate((element: { scrollWidth: number; clientWidth: number }) => element.scrollWidth - element.clientWidth);
      assert.ok(over <= 0, `${selector} is ${over} pixels too wide`);
    }
  });
}
