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

/** The page with the given stories, in a browser. A script error, a refused resource or a request to another host fails the test. */
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

test('findings that repeat another of the same flow, rule, value and place share a row, with their number and times', { skip }, async () => {
  const [told, other] = [{ index: 1 }, { index: 2 }].map((each) => story({ ...each, level: 'medium', rule: 'User id in clear', message: 'x', observable: {} }));
  const again = [1, 2].map((at): Story => ({
    records: [],
    finding: { ...told!.finding, 'event.id': `again-${at}`, '@timestamp': told!.finding['@timestamp'] + at * 60_000_000 },
  }));
  await using shown = await show([told!, other!, ...again]);
  const { page, complaints } = shown;
  assert.equal(await total(page), '4');
  assert.equal(await page.locator('tr[data-id]').count(), 2);
  const times = [0, 1].map((at) => new Date((told!.finding['@timestamp'] + at * 120_000_000) / 1000).toISOString().slice(11, 19));
  assert.deepEqual(await page.locator('.repeats').allInnerTexts(), [`3 times, ${times.join('–')}`]);
  assert.deepEqual(complaints, []);
});

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
  await page.goto(address); // the link alone restores the same view
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

test('who uses the keyboard stays where they were when the page draws anew, and a screen reader is told', { skip }, async () => {
  await using shown = await show(stories(30));
  const { page, complaints } = shown;
  const focused = (): Promise<string> => page.evaluate('document.activeElement.dataset.key ?? document.activeElement.id');
  await page.getByRole('checkbox', { name: 'critical' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Remove filter Level: critical' }).waitFor();
  assert.equal(await focused(), 'level=critical');
  const few = await total(page);
  assert.equal(await page.getByRole('status').innerText(), `${few} findings`);
  await page.getByRole('button', { name: 'Remove filter Level: critical' }).press('Enter');
  await page.locator('#totals dd', { hasText: /^30$/ }).waitFor();
  assert.equal(await focused(), 'table', 'the filter is gone: on to the list');
  await page.locator('th button', { hasText: 'Risk' }).press('Enter');
  await page.waitForSelector('th[aria-sort=descending] >> text=Risk');
  assert.equal(await focused(), 'risk');
  const link = page.getByRole('link', { name: 'User and room id in one flow' }).first();
  await link.press('Enter');
  await page.locator('#detail .records').waitFor();
  assert.match(await page.getByRole('status').innerText(), /^Opened: User id and room id readable in one flow/);
  await page.keyboard.press('Escape');
  assert.equal(await focused(), await link.getAttribute('data-key'));
  assert.deepEqual(complaints, []);
});

test('what is unchanged is left alone, and another page begins at its top', { skip }, async () => {
  await using shown = await show(stories(120));
  const { page } = shown;
  await page.clock.install();
  await page.reload();
  await page.waitForSelector('tr[data-id]');
  await page.locator('tr[data-id]').nth(3).evaluate((row: { title: string }) => void (row.title = 'the same element'));
  await page.locator('#table').evaluate((table: { scrollTop: number }) => void (table.scrollTop = 900));
  const before = await page.locator('#freshness').innerText();
  await page.clock.runFor(11_000);
  await page.locator('#freshness').filter({ hasNotText: before }).waitFor();
  assert.equal(await page.locator('tr[title="the same element"]').count(), 1);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.locator('.pager', { hasText: '101–120 of 120' }).waitFor();
  assert.equal(await page.locator('#table').evaluate((table: { scrollTop: number }) => table.scrollTop), 0);
});

test('a filter and a search are steps of their own, back and forth', { skip }, async () => {
  await using shown = await show(stories(30));
  const { page, complaints } = shown;
  const all = await total(page);
  await page.getByRole('checkbox', { name: 'critical' }).check();
  await page.locator('.chip').first().waitFor();
  const critical = await total(page);
  const search = page.locator('#text');
  for (const text of ['nothing', 'nothing has this']) {
    await search.pressSequentially(text.slice((await search.inputValue()).length));
    await page.waitForURL((url) => new URLSearchParams(url.hash.slice(1)).get('text') === text);
    await page.locator('.empty').waitFor();
  }
  const firstTotal = page.locator('#totals dd').first();

  await page.goBack();
  await firstTotal.filter({ hasText: new RegExp(`^${critical}$`) }).waitFor();
  assert.equal(await search.inputValue(), '');
  assert.equal(await page.getByRole('checkbox', { name: 'critical' }).isChecked(), true);
  await page.goBack();
  await firstTotal.filter({ hasText: new RegExp(`^${all}$`) }).waitFor();
  assert.equal(await page.getByRole('checkbox', { name: 'critical' }).isChecked(), false);
  await page.goForward();
  await page.goForward();
  await page.waitForSelector('.empty');
  assert.equal(await search.inputValue(), 'nothing has this');
  assert.deepEqual(complaints, []);
});

test('an address that asks for what is not there says so, and leads back', { skip }, async () => {
  await using shown = await show(stories(5), 'sort=colour');
  const { page } = shown;
  const problem = page.getByRole('alert');
  assert.match(await problem.innerText(), /asks for something that cannot be shown: sort: /);
  assert.doesNotMatch(await problem.innerText(), /tries again/);
  await problem.getByRole('button', { name: 'Show all findings' }).click();
  await page.waitForSelector('tr[data-id]');
  await problem.waitFor({ state: 'hidden' });
});

test('a store that failed is asked again, also when the page is not live', { skip }, async () => {
  await using shown = await show(stories(3));
  const { page } = shown;
  await page.clock.install();
  await page.reload();
  await page.waitForSelector('tr[data-id]');
  await page.getByRole('checkbox', { name: 'Live' }).uncheck();
  await page.route('**/api/**', (route) => route.abort());
  await page.getByRole('checkbox', { name: 'high' }).check();
  await page.getByRole('alert').filter({ hasText: 'Telltale does not answer. Is it still running? The page tries again' }).waitFor();
  await page.unroute('**/api/**');
  await page.clock.runFor(11_000);
  await page.getByRole('alert').waitFor({ state: 'hidden' });
});

/** Texts whose contrast with their background is below the minimum of WCAG 2.2 (4.5 to 1), with the ratio. Runs in the page. */
const faint = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const [r, g, b, alpha = 1] = channels(getComputedStyle(each).backgroundColor);
      if (alpha === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')].filter((element) => element.offsetParent !== null && !element.disabled
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')).flatMap((element) => {
    const [light, dark] = [channels(getComputedStyle(element).color).slice(0, 3), ground(element)].map(luminance).sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    return ratio < 4.5 ? [element.className + ' ' + element.textContent + ': ' + ratio.toFixed(2)] : [];
  });
})()`;

for (const colorScheme of ['light', 'dark'] as const) {
  test(`all text stands out from its ground, ${colorScheme}`, { skip }, async () => {
    await using shown = await show(stories(20));
    const { page } = shown;
    await page.emulateMedia({ colorScheme });
    await page.getByRole('checkbox', { name: 'indeterminate' }).check();
    await page.waitForSelector('.chip');
    assert.deepEqual(await page.evaluate(faint), []);
    await page.locator('tr[data-id]').first().click();
    await page.locator('#detail .records').waitFor();
    assert.deepEqual(await page.evaluate(faint), []);
  });
}

test('on paper: the list whole, or the open finding alone', { skip }, async () => {
  await using shown = await show(stories(60));
  const { page } = shown;
  await page.emulateMedia({ media: 'print' });
  const height = (selector: string): Promise<number> =>
    page.locator(selector).evaluate((element: { getBoundingClientRect(): { height: number } }) => element.getBoundingClientRect().height);
  assert.equal(await page.locator('#filters').isVisible(), false);
  assert.ok((await height('body')) >= (await height('.findings')) && (await height('.findings')) > 60 * 30, 'no row is cut off');
  await page.locator('tr[data-id]').first().click();
  await page.locator('#detail .records').waitFor();
  assert.equal(await page.locator('.list').isVisible(), false);
  assert.ok((await height('body')) >= (await height('#detail')));
  assert.equal(
    await page.locator('#detail').evaluate(
      (panel: { scrollHeight: number; clientHeight: number }) => panel.scrollHeight > panel.clientHeight,
    ),
    false,
  );
});

test('a finding over several subjects says so, where others show a host, a frame and a flow', { skip }, async () => {
  const [first] = stories(2);
  await using shown = await show([first!, overSeveral(first!, 'Two hosts in one room')], 'finding=c0ffee');
  const { page, complaints } = shown;
  await page.setViewportSize({ width: 1920, height: 1080 });
  const panel = page.locator('#detail');
  await panel.locator('h2', { hasText: 'Two hosts in one room' }).waitFor();
  const text = await panel.innerText();
  assert.match(text, /From\s+several/);
  assert.match(text, /The finding has no flow of its own: it is about several records/);
  assert.doesNotMatch(text, /0 %|Frame|no longer stored|all findings of this subject|Other findings in this flow/i);
  assert.match(await page.locator('tr[data-id="c0ffee"]').innerText(), /from several/);
  assert.deepEqual(complaints, []);
});

test('text from the wire is shown, never run', { skip }, async () => {
  const hostile = '"><img src=x onerror="document.title=\'owned\'"><script>document.title=\'owned\'</script>\'';
  const told = story({
    index: 1, level: 'high', rule: hostile, message: hostile, peer: { located: hostile }, observable: { kind: hostile, path: hostile, mask: hostile },
    flow: {
      'destination.domain': hostile, 'url.domain': hostile, 'url.path': hostile, 'http.request.method': hostile,
      'telltale.service': hostile, 'telltale.evidence.file': hostile, 'telltale.policy.verdict': hostile,
    },
  });
  await using shown = await show([told], `finding=${told.finding['event.id']}`);
  const { page, complaints } = shown;
  await page.locator('#detail .records').waitFor();
  assert.equal(await page.locator('#detail h2').innerText(), hostile);
  assert.equal(await page.locator('img, main script, aside script').count(), 0);
  assert.equal(await page.title(), 'Telltale · Findings');
  assert.deepEqual(complaints, []);
});

test('where there is no room for all totals, those that are shown are whole', { skip }, async () => {
  await using shown = await show(stories(30));
  const { page } = shown;
  for (const [width, expected] of [[1280, 4], [400, 2], [330, 1]] as const) {
    await page.setViewportSize({ width, height: 800 });
    const box = (await page.locator('#totals').boundingBox())!;
    const boxes = await Promise.all((await page.locator('#totals > div').all()).map(async (total) => (await total.boundingBox())!));
    const visible = boxes.filter(({ y }) => y < box.y + box.height - 1);
    assert.equal(visible.length, expected, `at ${width} pixels`);
    assert.ok(visible.every(({ x, width: own }) => x + own <= box.x + box.width + 1));
  }
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
    const host = `${'a-very-long-label-'.repeat(3)}a.`.repeat(4) + 'example';
    const long = story({
      index: 99, level: 'high', rule: host, message: `Sent to ${host}.`, flow: { 'destination.domain': host, 'telltale.service': host },
    });
    const told = [...stories(30), long];
    await using shown = await show(told, `finding=${long.finding['event.id']}`);
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
