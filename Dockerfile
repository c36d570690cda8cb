# The service: docker build -t topple . && docker run -p 8321:8321 -v ./model:/models/model:ro -v ./keys.json:/run/secrets/keys.json:ro topple
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --prefix=/install -c constraints.txt ".[serve,postgres]" --extra-index-url https://download.pytorch.org/whl/cpu

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/var/cache/topple OMP_NUM_THREADS=1 \
    TOPPLE_SERVE_HOST=0.0.0.0 TOPPLE_SERVE_PORT=8321 TOPPLE_SERVE_KEYS=/run/secrets/keys.json
RUN useradd --system --uid 10001 --create-home topple && install -d -o topple /var/cache/topple /models
COPY --from=build /install /usr/local
USER 10001
# compiled for this machine's processor when the image is built; another processor compiles once more
RUN topple doctor
EXPOSE 8321
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8321/ready', timeout=4)"]
ENTRYPOINT ["topple", "serve"]
CMD ["/models/model"]
