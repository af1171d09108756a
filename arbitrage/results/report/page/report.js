"use strict";
{
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const options = read("options");
  const draw = (name, chart) =>
    vegaEmbed(document.querySelector(`#${name} .chart`), chart, options);

  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const shown = (value) =>
    value === null
      ? ""
      : value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

  // The cells are kept once for each two parameters, the first of the list down.
  const cellsOf = ({ cells }, down, across, statistic) => {
    if (down < across) return cells[`${down} ${across}`][statistic];
    const turned = cells[`${across} ${down}`][statistic];
    return turned[0].map((_, row) => turned.map((column) => column[row]));
  };

  const heatmap = (chart, choices, down, across, statistic) => {
    const [rows, columns] = [choices.labels[down], choices.labels[across]];
    const cells = cellsOf(choices, down, across, statistic);
    const values = [];
    cells.forEach((row, i) =>
      row.forEach((value, j) => {
        const best = choices.best[down] === i && choices.best[across] === j;
        values.push({ down: rows[i], across: columns[j], value, best });
      }),
    );
    const copy = structuredClone(chart);
    copy.datasets = { cells: values };
    copy.height = rows.length * (rows.length > 12 ? 18 : 26);
    for (const { encoding } of copy.layer) {
      encoding.y.title = choices.names[down][1];
      encoding.x.title = choices.names[across][1];
      if (encoding.tooltip) {
        encoding.tooltip[0].title = choices.names[down][1];
        encoding.tooltip[1].title = choices.names[across][1];
      }
    }
    return copy;
  };

  const cellTable = (choices, down, across, statistic) => {
    const table = document.createElement("table");
    const [downName, acrossName] = [choices.names[down][1], choices.names[across][1]];
    table.append(element("caption", `${statistic} by ${downName} (down) and ${acrossName} (across)`));
    const head = table.createTHead().insertRow();
    head.append(element("th", `${downName} \\ ${acrossName}`, { scope: "col" }));
    for (const label of choices.labels[across]) head.append(element("th", label, { scope: "col", class: "number" }));
    const body = table.createTBody();
    cellsOf(choices, down, across, statistic).forEach((row, i) => {
      const line = body.insertRow();
      line.append(element("th", choices.labels[down][i], { scope: "row" }));
      for (const value of row) line.append(element("td", shown(value), { class: "number" }));
    });
    return table;
  };

  const chosen = (name, { chart, choices }) => {
    const [down, across, statistic] = ["down", "across", "statistic"].map((part) =>
      document.getElementById(`${name}-${part}`),
    );
    const show = (changed) => {
      if (down.value === across.value) {
        const other = changed === across ? down : across; // the one that was not touched gives way
        other.selectedIndex = (other.selectedIndex + 1) % other.length;
      }
      const parts = [Number(down.value), Number(across.value), statistic.value];
      document
        .querySelector(`#${name} .scroll`)
        .replaceChildren(cellTable(choices, ...parts));
      return draw(name, heatmap(chart, choices, ...parts));
    };
    for (const control of [down, across, statistic])
      control.addEventListener("change", () => show(control));
    return show(across);
  };

  const drawn = Object.entries(read("charts")).map(([name, one]) =>
    one.choices ? chosen(name, one) : draw(name, one.chart),
  );
  Promise.all(drawn).then(() => {
    document.documentElement.dataset.drawn = String(drawn.length);
  });
}
