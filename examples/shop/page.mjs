import { catalogue } from './catalogue.mjs';

/** @typedef {{ origin: string, pid: number }} Me @typedef {ReturnType<typeof import('./catalogue.mjs').cartSummary>} Cart */

/** The whole page. Its forms work without a script; the script only saves the reloads and shows Limpet's headers. @param {Me} me @param {Cart} cart */
export function page(me, cart) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Limpet shop</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath fill='%230d7d78' d='M2 19C4 9 8 4 12 4s8 5 10 15z'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/shop.css">
<script src="/shop.js" type="module"></script>
</head>
<body>
<header>
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M2 19C4 9 8 4 12 4s8 5 10 15zM12 4l-3.5 15M12 4l3.5 15M12 4v15"/></svg>
  <div><h1>Limpet shop</h1><p>The cart is in the memory of one process. Kill that process, and look again.</p></div>
  <form method="post" action="/logout"><button class="quiet">Empty &amp; log out</button></form>
</header>
<main>
  <section class="products" aria-label="Products">
    ${catalogue.map(productCard).join('\n    ')}
  </section>
  <section class="panel cart" aria-labelledby="cart-title">
    <h2 id="cart-title">Your cart</h2>
    <div id="cart" aria-live="polite">${cartTable(cart)}</div>
  </section>
  <section class="panel origin" aria-labelledby="origin-title">
    <h2 id="origin-title">Served by</h2>
    <div class="badge-row"><span class="badge" id="origin">${escape(me.origin)}</span>
      <p>origin <b id="origin-name">${escape(me.origin)}</b><br>process <b id="pid">${me.pid}</b></p></div>
    <p class="hint">Take it away from under your cart:</p>
    <p class="command"><code id="kill">kill -9 ${me.pid}</code><button class="quiet" id="copy" type="button" hidden>Copy</button></p>
    <form method="get" action="/"><button class="primary" id="again">Ask again</button></form>
  </section>
  <section class="panel last" aria-labelledby="last-title">
    <h2 id="last-title">The last request</h2>
    <div id="last"><p class="hint">Put something in the cart: what becomes of that request stands here.</p></div>
  </section>
  <section class="panel log" aria-labelledby="log-title">
    <h2 id="log-title">Recent requests</h2>
    <div class="scroll"><table><thead><tr><th>Request<th>Status<th>Origin<th>Outcome<th>Reason<th class="number">Attempts<th class="number">Epoch<th class="number">ms</tr></thead>
    <tbody id="log"><tr><td colspan="8" class="hint">Nothing yet</tr></tbody></table></div>
  </section>
</main>
</body>
</html>
`;
}

/** @param {(typeof catalogue)[number]} product */
function productCard({ id, name, price, icon }) {
  return `<form class="card" method="post" action="/cart"><svg viewBox="0 0 24 24" aria-hidden="true">${icon}</svg>
      <h3>${escape(name)}</h3><p>${money(price)}</p><button name="item" value="${id}" aria-label="Add ${escape(name)} to the cart">Add</button></form>`;
}

/** @param {Cart} cart */
export function cartTable({ lines, count, total }) {
  if (count === 0) return '<p class="empty">Nothing in it yet.</p>';
  const rows = lines.map(
    ({
      id,
      name,
      quantity,
      price,
    }) => `<tr><td class="number">${quantity} ×<td>${escape(name)}<td class="number">${money(price)}
      <td><form method="post" action="/cart/remove"><button class="quiet" name="item" value="${escape(id)}" aria-label="Remove ${escape(name)}">Remove</button></form></tr>`,
  );
  return `<table><tbody>${rows.join('')}</tbody><tfoot><tr><td class="number">${count}<td>Total<td class="number">${money(total)}<td></tr></tfoot></table>`;
}

/** @param {number} cents */
function money(cents) {
  return `€ ${(cents / 100).toFixed(2)}`;
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
