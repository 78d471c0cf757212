# The site in one image; docker-compose.yml runs it as web, worker and beat.
FROM node:22-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 \
    DATA_DIR=/data STATIC_ROOT=/app/static-files NUMBA_CACHE_DIR=/app/numba-cache
RUN groupadd --gid 1000 leaderboard && useradd --create-home --uid 1000 --gid 1000 leaderboard \
    && mkdir -p /data/ground-truth /data/uploads /data/media /data/imports /data/scratch /app/numba-cache \
    && chown -R leaderboard /data /app
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
COPY scoring scoring
COPY leaderboard leaderboard
RUN pip install --constraint requirements.lock --editable .[site,s3,sentry] \
    && python -m compileall -q scoring leaderboard
COPY --from=assets /app/node_modules node_modules
COPY manage.py ./
COPY templates templates
COPY static static
# The addresses are not used while files are collected.
RUN DATABASE_URL=postgres:///build REDIS_URL=redis:// SECRET_KEY=build DATA_DIR=/tmp/build \
    python manage.py collectstatic --noinput \
    && python -c "from scoring.warmup import warm_up; warm_up()" \
    && chown -R leaderboard /app
USER leaderboard
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "--config", "python:leaderboard.serving", "leaderboard.wsgi", "--bind", "0.0.0.0:8000"]
