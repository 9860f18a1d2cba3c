(() => {
  'use strict';
  const root = document.documentElement;
  const every = (selector) => [...document.querySelectorAll(selector)];
  const facts = JSON.parse(document.getElementById('quantities').textContent);
  const panel = document.getElementById('panel');
  const drawing = document.querySelector('#network svg');
  root.classList.add('scripted');

  // Where each quantity stands, what lights up for it, and into what it goes.
  const shown = new Map(), lit = new Map(), goes = new Map();
  const note = (map, key, value) => { if (!map.has(key)) map.set(key, []); map.get(key).push(value); };
  every('[data-ref]').forEach((e) => { if (!e.closest('svg')) note(shown, e.dataset.ref, e); });
  every('[data-lit-by]').forEach((e) => e.dataset.litBy.split(' ').forEach((key) => note(lit, key, e)));
  Object.entries(facts).forEach(([key, fact]) => fact.from.forEach((source) => note(goes, source, key)));

  const steps = every('li.step');
  const quantities = (step) => [...step.querySelectorAll('[data-ref]')];
  every('mrow[data-ref]').forEach((e) => { e.tabIndex = -1; });
  let current = null, marked = [];

  const mark = (elements, name) => (elements || []).forEach((e) => { e.classList.add(name); marked.push([e, name]); });
  const unmark = () => { marked.forEach(([e, name]) => e.classList.remove(name)); marked = []; };

  const named = (fact) => (fact.new ? (root.lang === 'ja' ? '新しい ' : 'new ') : '') + `<math>${fact.name}</math>`;
  const link = (key) => {
    const a = document.createElement('a');
    a.href = '#' + key;
    a.innerHTML = named(facts[key]);
    return a;
  };
  const paragraph = (name, english, japanese, keys, more) => {
    const p = document.createElement('p');
    p.className = name;
    const label = document.createElement('span');
    label.className = 'label';
    label.textContent = root.lang === 'ja' ? japanese : english;
    p.append(label, ...keys.slice(0, 24).map(link));
    const rest = more + Math.max(0, keys.length - 24);
    if (rest) p.append(root.lang === 'ja' ? `ほか ${rest} 個` : `and ${rest} more`);
    return p;
  };
  const tell = (key) => {
    const fact = facts[key];
    panel.replaceChildren();
    panel.hidden = !fact;
    if (!fact) return;
    const head = document.createElement('div');
    head.className = 'head';
    const name = document.createElement('span');
    name.innerHTML = named(fact);
    const value = document.createElement('code');
    value.textContent = fact.value;
    head.append(name, value);
    const kind = document.createElement('p');
    kind.className = 'kind';
    kind.textContent = fact[root.lang];
    panel.append(head, kind);
    const to = goes.get(key) || [];
    if (fact.from.length + fact.more) panel.append(paragraph('from', 'comes from', '元になる値', fact.from, fact.more));
    if (to.length) panel.append(paragraph('to', 'goes into', '使われる先', to, 0));
  };

  // Lights up a quantity, what it comes from and where it goes.
  const show = (key) => {
    unmark();
    if (!facts[key]) { drawing?.classList.remove('lit'); tell(null); return; }
    const place = (other) => [document.getElementById(other)].filter(Boolean);
    mark(shown.get(key), 'here');
    mark(lit.get(key), 'here');
    mark(lit.get(key), 'on');
    facts[key].from.forEach((source) => {
      mark(place(source), 'from');
      mark(lit.get(source), 'from');
      mark(lit.get(source), 'on');
    });
    (goes.get(key) || []).forEach((target) => {
      mark(place(target), 'to');
      mark(lit.get(target), 'to');
    });
    drawing?.classList.toggle('lit', marked.some(([e, name]) => name === 'on'));
    tell(key);
  };
  const rest = () => show(current?.dataset.ref);

  const choose = (group, value) => {
    if (group === 'lang') {
      root.lang = value;
      every('[data-label-en]').forEach((e) => e.setAttribute('aria-label', e.dataset['label' + (value === 'ja' ? 'Ja' : 'En')]));
    } else {
      root.dataset[group] = value;
    }
    every(`button[data-set="${group}"]`).forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.value === value)));
    rest();
  };

  // The step that is being read; its quantities are reached by the Tab key.
  const go = (step, scroll) => {
    if (current) {
      current.classList.remove('current');
      current.removeAttribute('aria-current');
      quantities(current).forEach((e) => { e.tabIndex = -1; });
    }
    current = step;
    if (step) {
      step.classList.add('current');
      step.setAttribute('aria-current', 'step');
      quantities(step).forEach((e) => { e.tabIndex = 0; });
      if (scroll) step.scrollIntoView({ block: 'center' });
      const part = step.closest('section').id;
      if (part === 'forward' || part === 'error') choose('edges', 'forward');
      if (part === 'backward') choose('edges', 'backward');
    }
    rest();
  };
  const move = (by) => {
    const at = steps.indexOf(current);
    const next = steps[at === -1 ? (by > 0 ? 0 : steps.length - 1) : Math.min(steps.length - 1, Math.max(0, at + by))];
    if (!next) return;
    go(next, true);
    if (next.id) history.replaceState(null, '', '#' + next.id);
  };
  const copy = async (button) => {
    try { await navigator.clipboard.writeText(location.href); } catch { return; }
    button.classList.add('done');
    button.dataset.words ??= button.innerHTML;
    button.textContent = '✓';
    setTimeout(() => { button.innerHTML = button.dataset.words; }, 1200);
  };
  const actions = { previous: () => move(-1), next: () => move(1), link: copy, print: () => print() };

  document.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button) {
      if (button.dataset.set) choose(button.dataset.set, button.dataset.value);
      else actions[button.dataset.do](button);
      return;
    }
    const element = event.target.closest('[data-ref]');
    if (!element || event.target.closest('summary, a')) return;
    const key = element.dataset.ref;
    // A finger cannot hover: the first touch shows, the second goes there.
    if (event.pointerType === 'touch' && !element.classList.contains('here')) { show(key); return; }
    if (element.matches('li.step')) { go(element, false); if (element.id) history.replaceState(null, '', '#' + element.id); }
    else location.hash = key;
  });
  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'touch') return;
    const element = event.target.closest?.('[data-ref]');
    if (element) show(element.dataset.ref);
    else if (!event.target.closest?.('#panel')) rest();
  });
  document.addEventListener('focusin', (event) => {
    const element = event.target.closest?.('mrow[data-ref]');
    if (element) show(element.dataset.ref);
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      ArrowRight: () => move(1),
      ArrowLeft: () => move(-1),
      s: () => { const all = ['symbols', 'numbers', 'both']; choose('show', all[(all.indexOf(root.dataset.show) + 1) % 3]); },
      l: () => choose('lang', root.lang === 'ja' ? 'en' : 'ja'),
      Escape: () => go(null),
    };
    const element = event.target.closest?.('mrow[data-ref]');
    if (event.key === 'Enter' && element) location.hash = element.dataset.ref;
    else if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });
  const arrive = () => {
    const key = decodeURIComponent(location.hash.slice(1));
    const place = document.getElementById(key);
    if (place?.matches('li.step')) go(place, true);
    else if (facts[key]) { go(place?.closest('li.step'), false); show(key); place?.scrollIntoView({ block: 'center' }); }
  };
  addEventListener('hashchange', arrive);
  let opened = [];
  addEventListener('beforeprint', () => { opened = every('details:not([open])'); opened.forEach((d) => { d.open = true; }); });
  addEventListener('afterprint', () => opened.forEach((d) => { d.open = false; }));

  choose('lang', root.lang);
  choose('show', 'both');
  choose('edges', 'forward');
  arrive();
})();
