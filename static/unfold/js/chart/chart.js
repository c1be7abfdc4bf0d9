// In place of unfold's Chart.js (60 kB on every page of the desk): the desk's plots are drawn by the server, as SVG.
