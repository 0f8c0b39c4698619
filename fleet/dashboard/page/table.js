// A table that is drawn again each second without losing the reader's place: rows stay the elements
// they were, only what changed is written. What strangers sent becomes text, never markup.

const make = (name, attributes = {}, content = '') => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== '') element.setAttribute(key, value);
  }
  element.textContent = content;
  return element;
};

export class Table {
  // columns: {title, text(row), tone?(row), kind?: 'text'|'state'|'note', least?, sort?(row)}; the first
  // is the row's name. `open`: what a press on a row's name does; without it names are plain.
  constructor(table, caption, columns, { open, sort } = {}) {
    this.columns = columns;
    this.open = open;
    this.by = sort ?? { column: 0, down: false };
    this.rows = new Map();
    this.sortable = columns.some((column) => column.sort);
    const head = make('tr');
    this.heads = columns.map((column, i) => {
      const th = make('th', { scope: 'col', class: this.classes(column, i) });
      if (column.sort) {
        const button = make('button', { type: 'button' }, column.title);
        button.addEventListener('click', () => this.turn(i));
        th.append(button);
      } else {
        th.textContent = column.title;
      }
      head.append(th);
      return th;
    });
    const thead = make('thead');
    thead.append(head);
    this.body = make('tbody');
    const heading = make('caption', { class: 'skip' }, caption);
    table.append(heading, thead, this.body);
    this.mark();
  }

  classes(column, i) {
    return [i === 0 || column.kind ? 'text' : '', column.kind, column.least ? 'least' : '']
      .filter(Boolean).join(' ');
  }

  turn(column) {
    const down = this.by.column === column ? !this.by.down : column > 1;
    this.by = { column, down };
    this.mark();
    this.show(this.last ?? []);
  }

  mark() {
    this.heads.forEach((th, i) => {
      if (this.sortable && i === this.by.column) {
        th.setAttribute('aria-sort', this.by.down ? 'descending' : 'ascending');
      } else {
        th.removeAttribute('aria-sort');
      }
    });
  }

  sorted(rows) {
    const key = this.columns[this.by.column].sort;
    if (!key) return rows;
    const way = this.by.down ? -1 : 1;
    return [...rows].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      return left < right ? -way : left > right ? way : a.key < b.key ? -1 : 1;
    });
  }

  row(key) {
    if (this.rows.has(key)) return this.rows.get(key);
    const tr = make('tr');
    const cells = this.columns.map((column, i) => {
      const cell = i === 0 ? make('th', { scope: 'row' }) : make('td');
      tr.append(cell);
      return cell;
    });
    let holder = cells[0];
    if (this.open) {
      holder = make('button', { type: 'button' });
      holder.addEventListener('click', () => this.open(key));
      cells[0].append(holder);
    }
    const made = { tr, cells, holders: [holder, ...cells.slice(1)] };
    this.rows.set(key, made);
    return made;
  }

  show(rows) {
    this.last = rows;
    const keys = new Set();
    let place = this.body.firstChild;
    for (const row of this.sorted(rows)) {
      keys.add(row.key);
      const { tr, cells, holders } = this.row(row.key);
      tr.className = row.alive === false ? 'gone' : '';
      this.columns.forEach((column, i) => {
        const content = column.text(row);
        if (holders[i].textContent !== content) holders[i].textContent = content;
        const classes = `${this.classes(column, i)} ${column.tone?.(row) ?? ''}`.trim();
        if (cells[i].className !== classes) cells[i].className = classes;
      });
      if (place === tr) place = place.nextSibling;
      else this.body.insertBefore(tr, place);
    }
    for (const [key, { tr }] of this.rows) {
      if (!keys.has(key)) {
        tr.remove();
        this.rows.delete(key);
      }
    }
  }
}
