// The page of tenon serve in a real browser: what a person sees and does.
// Screenshots go to browser/ in the build folder.
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const CHROMIUM = process.env.TENON_CHROMIUM ?? '/usr/bin/chromium';
const shots = path.join(process.env.TENON_BUILD, 'browser');

function skip(why) {
	console.log(`skipped: ${why}`);
	process.exit(77);
}

let playwright;
try {
	// require() looks into $NODE_PATH, import does not.
	playwright = createRequire(import.meta.url)('playwright-core');
} catch {
	skip('there is no playwright-core; ./dev test browser fetches it');
}
if (!fs.existsSync(CHROMIUM))
	skip(`there is no ${CHROMIUM}`);

// ---- a folder worth showing ------------------------------------------------

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'tenon-browser-'));
const folder = path.join(root, 'Summer 2018');

function put(name, bytes, day) {
	const file = path.join(folder, name);
	fs.mkdirSync(path.dirname(file), { recursive: true });
	fs.writeFileSync(file, Buffer.alloc(bytes, 'tenon '));
	const when = new Date(`2018-01-${day}T12:00:00Z`);
	fs.utimesSync(file, when, when);
}

put('Beach/IMG 1.jpg', 12345, '10');
put('Beach/IMG 2.jpg', 23456, '11');
put('Beach/IMG 10.jpg', 34567, '12');
put('Mountains/far/away/note.txt', 10, '12');
put('map.png', 2345678, '02');
put('diary.txt', 4242, '03');
put('song of the sea.mp3', 6543210, '04');
put('waves.mp4', 123456789, '05');
put('everything.tar.gz', 98765432, '06');
put('unknown.blob', 17, '07');
put('Ünïcode ☀ 図.txt', 77, '08');
put('<img src=x onerror=alert(1)> & "quotes".txt', 5, '09');
put('a name that is so long that it has to be broken somewhere because ' +
	'no phone is that wide and most windows are not either.pdf', 99, '10');
fs.mkdirSync(path.join(folder, 'Nothing here'));

// Five minutes of silence: RIFF's head for 44,100 samples a second in stereo.
const SECOND = 4 * 44100, SECONDS = 300;
const wav = Buffer.alloc(44);
wav.write('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0', 'latin1');
wav.writeUInt32LE(36 + SECOND * SECONDS, 4);
wav.writeUInt32LE(44100, 24);
wav.writeUInt32LE(SECOND, 28);
wav.writeUInt16LE(4, 32);
wav.writeUInt16LE(16, 34);
wav.write('data', 36);
wav.writeUInt32LE(SECOND * SECONDS, 40);
fs.writeFileSync(path.join(folder, 'Mountains/silence.wav'), wav);
fs.truncateSync(path.join(folder, 'Mountains/silence.wav'),
	44 + SECOND * SECONDS);
fs.writeFileSync(path.join(folder, '.hidden'), '');

// ---- the server and the browser -----------------------------------------------

// Resolves with the address that the server says it has.
function serve(...args) {
	const child = spawn(process.env.TENON,
		['serve', '-l', '127.0.0.1:0', ...args],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	return new Promise((resolve, reject) => {
		let text = '';
		child.stdout.on('data', (data) => {
			text += data;
			const match = text.match(/http:\/\/\S+/);
			if (match)
				resolve({ child, url: match[0] });
		});
		child.on('exit', () => reject(new Error(`ended: ${text}`)));
	});
}

const { child, url } = await serve(folder);
const browser = await playwright.chromium.launch({
	executablePath: CHROMIUM,
	args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});
fs.mkdirSync(shots, { recursive: true });

let count = 0;
async function test(name, options, body) {
	const context = await browser.newContext({
		viewport: { width: 1100, height: 800 }, ...options });
	const page = await context.newPage();
	const complaints = [];
	page.on('console', (m) => complaints.push(m.text()));
	page.on('pageerror', (e) => complaints.push(String(e)));
	page.on('dialog', (d) => { complaints.push(d.message()); d.dismiss(); });
	page.setDefaultTimeout(20000);
	await body(page);
	// A page that is not there is said so on the console; nothing else is.
	assert.deepEqual(complaints.filter((c) => !c.includes('404')), []);
	await context.close();
	console.log(`ok ${++count} ${name}`);
}

const shoot = (page, name) =>
	page.screenshot({ path: path.join(shots, `${name}.png`) });
const names = (page) =>
	page.locator('tbody .name span').allTextContents();
const width = (page) =>
	page.evaluate(() => document.documentElement.scrollWidth);
const background = (page) => page.evaluate(() =>
	getComputedStyle(document.body).backgroundColor);

// ---- what a person sees and does ------------------------------------------------

async function listing(page) {
	const response = await page.goto(url);
	assert.equal(response.status(), 200);
	assert.match(response.headers()['content-security-policy'],
		/default-src 'none'/);
	assert.equal(await page.title(), 'Summer 2018');
	const shown = await names(page);
	assert.deepEqual(shown.slice(0, 5), ['Beach', 'Mountains', 'Nothing here',
		'<img src=x onerror=alert(1)> & "quotes".txt',
		'a name that is so long that it has to be broken somewhere ' +
		'because no phone is that wide and most windows are not ' +
		'either.pdf']);
	assert.ok(shown.includes('Ünïcode ☀ 図.txt'));
	assert.ok(!shown.includes('.hidden'));
	assert.equal(await page.locator('img, script').count(), 0);
	assert.equal(await page.locator('time').first().getAttribute('datetime')
		.then((t) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(t)), true);
	await shoot(page, 'listing');
}

async function walking(page) {
	await page.goto(url);
	await page.getByRole('link', { name: 'Beach' }).click();
	assert.equal(page.url(), `${url}Beach/`);
	assert.deepEqual(await names(page), ['Parent folder', 'IMG 1.jpg',
		'IMG 2.jpg', 'IMG 10.jpg']);
	await shoot(page, 'folder');
	await page.getByRole('link', { name: 'Parent folder' }).click();
	assert.equal(page.url(), url);
	await page.goto(`${url}Mountains/far/away`);
	assert.equal(page.url(), `${url}Mountains/far/away/`);
	await page.locator('h1').getByRole('link', { name: 'Mountains' }).click();
	assert.equal(page.url(), `${url}Mountains/`);
	await page.locator('h1').getByRole('link', { name: 'Summer 2018' }).click();
	assert.equal(page.url(), url);
	await page.getByRole('link', { name: 'Nothing here' }).click();
	await page.getByText('Nothing in this folder yet.').waitFor();
	await shoot(page, 'empty');
	await page.goto(url);
	await page.getByRole('link', { name: '<img src=x' }).click();
	assert.equal(await page.locator('body').textContent(), 'tenon');
}

async function sorting(page) {
	await page.goto(url);
	await page.getByRole('link', { name: 'Size' }).click();
	assert.equal((await names(page))[3],
		'<img src=x onerror=alert(1)> & "quotes".txt');
	assert.equal(await page.locator('th.size').getAttribute('aria-sort'),
		'ascending');
	await page.getByRole('link', { name: 'Size' }).click();
	assert.deepEqual((await names(page)).slice(0, 4),
		['Beach', 'Mountains', 'Nothing here', 'waves.mp4']);
	assert.equal(await page.locator('th.size').getAttribute('aria-sort'),
		'descending');
	await shoot(page, 'sorted');
	await page.getByRole('link', { name: 'Modified' }).click();
	assert.equal((await names(page))[3], 'map.png');
}

async function keyboard(page) {
	await page.goto(url);
	for (let i = 0; i < 5; i++)
		await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() =>
		document.activeElement.textContent), 'Mountains');
	const outline = await page.evaluate(() =>
		getComputedStyle(document.activeElement, '::after').outlineStyle);
	assert.equal(outline, 'solid');
	await shoot(page, 'keyboard');
	await page.keyboard.press('Enter');
	await page.waitForURL(`${url}Mountains/`);
}

// Far ahead and back again: by ranges, not by fetching all before it.
async function seeking(page) {
	const starts = [];
	page.on('response', (r) => {
		const range = r.headers()['content-range'] ?? '';
		if (r.status() === 206)
			starts.push(Number(range.match(/^bytes (\d+)-/)[1]));
	});
	await page.goto(`${url}Mountains/silence.wav`);
	const times = await page.evaluate(async () => {
		const media = document.querySelector('video');
		const heard = (name) => new Promise((resolve, reject) => {
			media.addEventListener(name, resolve, { once: true });
			media.addEventListener('error', reject, { once: true });
		});
		if (media.readyState < 1)
			await heard('loadedmetadata');
		const seen = [media.duration];
		for (const time of [250, 20]) {
			media.currentTime = time;
			await heard('seeked');
			seen.push(media.currentTime);
		}
		media.pause();
		return seen;
	});
	assert.equal(times[0], SECONDS);
	assert.ok(Math.abs(times[1] - 250) < 1 && Math.abs(times[2] - 20) < 1);
	assert.ok(starts.some((n) => n > 200 * SECOND && n <= 44 + 250 * SECOND),
		`ranges from ${starts}`);
}

async function missing(page) {
	const response = await page.goto(`${url}nowhere/at/all`);
	assert.equal(response.status(), 404);
	await page.getByText('There is nothing at this address.').waitFor();
	await shoot(page, 'missing');
	await page.getByRole('link', { name: 'Back to the start' }).click();
	assert.equal(page.url(), url);
}

async function dark(page) {
	await page.goto(url);
	const [r, g, b] = (await background(page)).match(/\d+/g).map(Number);
	assert.ok(r + g + b < 150, 'the paper is dark');
	await shoot(page, 'dark');
	await page.goto(`${url}nowhere`);
	await shoot(page, 'dark-missing');
}

async function phone(page) {
	await page.goto(url);
	assert.ok(await width(page) <= 390, 'nothing to scroll sideways');
	await shoot(page, 'phone');
	await page.goto(`${url}Mountains/far/away/`);
	assert.ok(await width(page) <= 390);
	await shoot(page, 'phone-deep');
	const box = await page.getByRole('link', { name: 'note.txt' })
		.boundingBox();
	assert.ok(box.height >= 30, 'a finger can hit it');
}

try {
	await test('a listing', {}, listing);
	await test('in and out of folders', {}, walking);
	await test('in and out without JavaScript',
		{ javaScriptEnabled: false }, walking);
	await test('sorting without JavaScript',
		{ javaScriptEnabled: false }, sorting);
	await test('the keyboard', {}, keyboard);
	await test('seeking in a sound', {}, seeking);
	await test('a page that is not there', {}, missing);
	await test('dark', { colorScheme: 'dark' }, dark);
	await test('a phone', { viewport: { width: 390, height: 844 },
		isMobile: true, hasTouch: true, deviceScaleFactor: 2 }, phone);
} finally {
	await browser.close();
	child.removeAllListeners('exit');
	child.kill('SIGTERM');
	fs.rmSync(root, { recursive: true });
}
console.log(`screenshots are in ${shots}`);
