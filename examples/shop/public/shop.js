// Sends the page's forms without reloading it, and shows what Limpet says of each request (its limpet-* headers).
const byId = (id) => document.getElementById(id);
const logLength = 8;

document.addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.method === 'get') ask('GET', '/cart');
  else ask('POST', new URL(form.action).pathname, event.submitter?.value);
});

const copy = byId('copy');
copy.hidden = !navigator.clipboard;
copy.addEventListener('click', async () => {
  await navigator.clipboard.writeText(byId('kill').textContent);
  copy.textContent = 'Copied';
});

async function ask(method, path, item) {
  document.body.classList.add('busy');
  const began = performance.now();
  try {
    const response = await fetch(path, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(item ? { item } : {}) } : {}),
    });
    const answer = await readJson(response);
    show(told(method, path, response, performance.now() - began), answer);
    if (response.ok && answer.lines) showCart(answer);
  } catch (error) {
    show(
      {
        request: `${method} ${path}`,
        status: '',
        outcome: 'unreachable',
        reason: String(error.message),
        ms: Math.round(performance.now() - began),
      },
      {},
    );
  } finally {
    document.body.classList.remove('busy');
  }
}

async function readJson(response) {
  const isJson = response.headers.get('content-type')?.includes('json');
  return isJson
    ? response.json()
    : {
        message: response.ok
          ? undefined
          : (await response.text())
              .replace(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ')
              .trim()
              .slice(0, 200),
      };
}

function told(method, path, response, ms) {
  const header = (name) => response.headers.get(`limpet-${name}`) ?? undefined;
  return {
    request: `${method} ${path}`,
    status: response.status,
    outcome: header('outcome'),
    reason: header('reason'),
    origin: header('origin'),
    attempts: header('attempts'),
    epoch: header('epoch'),
    ms: Math.round(ms),
  };
}

function show(entry, { message }) {
  const line = new Map([
    ['Origin', entry.origin],
    ['Attempts', entry.attempts],
    ['Epoch', entry.epoch],
    ['Took', `${entry.ms} ms`],
  ]);
  byId('last').replaceChildren(
    node('p', { className: 'verdict' }, outcomeWord(entry), node('span', {}, meaning(entry))),
    ...(message ? [node('p', { className: 'message' }, message)] : []),
    node(
      'dl',
      {},
      ...[...line]
        .filter(([, value]) => value !== undefined)
        .flatMap(([name, value]) => [node('div', {}, node('dt', {}, name), node('dd', {}, String(value)))]),
    ),
    node('p', { className: 'hint' }, `${entry.request} → ${entry.status || 'no answer'}`),
  );
  addToLog(entry);
}

// A word and a shape: colour alone tells nothing to many.
const shapes = {
  kept: '●',
  assigned: '○',
  moved: '▲',
  restored: '◆',
  stateless: '–',
  fallback: '■',
  refused: '✕',
  fenced: '✕',
  unstored: '✕',
  unreachable: '✕',
};

function outcomeWord({ outcome = 'direct' }) {
  return node('strong', { className: `outcome ${outcome}` }, `${shapes[outcome] ?? '?'} ${outcome}`);
}

const meanings = {
  kept: 'The session is where it was.',
  assigned: 'A new session got its home.',
  moved: 'Home was lost; the session has another one now.',
  restored: 'Home was lost. The session moved, and its data went with it.',
  stateless: 'This request belongs to no session.',
  fallback: 'No origin could answer: a kept copy did.',
  refused: 'Limpet could not serve this without a risk for the session.',
  fenced: 'The session had moved meanwhile: this change was not kept.',
  unstored: 'Answered, but the change is not kept safe.',
  unreachable: 'Nobody answered.',
  direct: 'No limpet-* headers: not through Limpet, or its debug headers are off.',
};

function meaning({ outcome = 'direct', reason }) {
  return `${meanings[outcome] ?? ''}${reason ? ` (${reason.replaceAll('_', ' ')})` : ''}`;
}

function addToLog(entry) {
  const log = byId('log');
  if (!log.dataset.began) log.replaceChildren();
  log.dataset.began = 'yes';
  const cells = [
    entry.request,
    entry.status,
    entry.origin,
    outcomeWord(entry),
    entry.reason,
    entry.attempts,
    entry.epoch,
    entry.ms,
  ];
  log.prepend(
    node(
      'tr',
      {},
      ...cells.map((cell, at) => node('td', { className: at > 4 ? 'number' : '' }, cell ?? '–')),
    ),
  );
  while (log.rows.length > logLength) log.lastElementChild.remove();
}

function showCart({ origin, pid, lines, count, total }) {
  byId('origin').textContent = origin;
  byId('origin-name').textContent = origin;
  byId('pid').textContent = pid;
  byId('kill').textContent = `kill -9 ${pid}`;
  copy.textContent = 'Copy';
  byId('cart').replaceChildren(
    count === 0 ? node('p', { className: 'empty' }, 'Nothing in it yet.') : cartTable(lines, count, total),
  );
}

function cartTable(lines, count, total) {
  const row = (...cells) =>
    node(
      'tr',
      {},
      ...cells.map((cell, at) => node('td', { className: at === 0 || at === 2 ? 'number' : '' }, cell)),
    );
  const remove = ({ id, name }) => {
    const button = node(
      'button',
      { className: 'quiet', name: 'item', value: id, ariaLabel: `Remove ${name}` },
      'Remove',
    );
    return node('form', { method: 'post', action: '/cart/remove' }, button);
  };
  const body = lines.map((line) => row(`${line.quantity} ×`, line.name, money(line.price), remove(line)));
  return node(
    'table',
    {},
    node('tbody', {}, ...body),
    node('tfoot', {}, row(count, 'Total', money(total), '')),
  );
}

function money(cents) {
  return `€ ${(cents / 100).toFixed(2)}`;
}

function node(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
