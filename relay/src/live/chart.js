// A small chart of the last two minutes: an area, drawn anew for every figure.

const SAMPLES = 120;
const WIDTH = 240;
const HEIGHT = 44;
const SVG = 'http://www.w3.org/2000/svg';

export class Chart {
  #values = [];

  constructor(svg) {
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    [this.area, this.line] = ['area', 'line'].map((name) => {
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('class', name);
      return svg.appendChild(path);
    });
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > SAMPLES) this.#values.shift();
    const most = Math.max(...this.#values, 1e-9);
    const step = WIDTH / (SAMPLES - 1);
    const first = SAMPLES - this.#values.length;
    const x = (index) => ((first + index) * step).toFixed(1);
    const y = (value) => (HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1);
    const points = this.#values.map((value, index) => `${x(index)} ${y(value)}`);
    this.line.setAttribute('d', `M${points.join('L')}`);
    this.area.setAttribute('d', `M${x(0)} ${HEIGHT}L${points.join('L')}L${WIDTH} ${HEIGHT}Z`);
  }
}
